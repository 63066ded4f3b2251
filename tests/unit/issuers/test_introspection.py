"""IntrospectionIssuer: the request, the accepted responses, and what each failure means."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from oauth_guard import ConfigurationError
from oauth_guard.errors import Reason
from oauth_guard.issuers.client_auth import (
    BearerToken,
    ClientAuthentication,
    ClientSecretBasic,
    ClientSecretPost,
    MutualTLS,
    PrivateKeyJWT,
)
from oauth_guard.issuers.introspection import IntrospectionIssuer
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.builders.scripted_issuer import run_pending_tasks
from tests.unit.issuers.introspection_issuer import (
    ENDPOINT,
    GOOD,
    ISSUER,
    IntrospectionIssuerHarness,
)

BASIC = ClientSecretBasic("api", "secret")
PRIVATE = ec.generate_private_key(ec.SECP256R1())
PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
MEMBERS = ["active", "aud", "exp", "scope", "sub", "cnf", "iss", "token_type", "error"]
SIGNED = "application/token-introspection+jwt"


def build(**options: Any) -> IntrospectionIssuer:
    """Return an issuer that receives no request."""
    return IntrospectionIssuer(**{"issuer": ISSUER, "client": BASIC, **options})


async def test_active_token_has_the_claims_of_the_response() -> None:
    """The endpoint is found in the metadata."""
    harness = IntrospectionIssuerHarness()
    token = harness.local.opaque_token("read", sub="u7")
    access_token = (await harness.issuer.validate(RawToken(token))).token
    assert (access_token.issuer, access_token.subject, *access_token.scopes) == (
        ISSUER,
        "u7",
        "read",
    )
    assert harness.local.requests == [
        f"{ISSUER}/.well-known/oauth-authorization-server",
        ENDPOINT,
    ]


async def test_introspection_request_is_a_form_in_a_post() -> None:
    """The token is in the body, and nowhere else."""
    harness = IntrospectionIssuerHarness(endpoint=ENDPOINT)
    await harness.verdict("a+b/c==")
    (request,) = harness.local.introspection.requests
    assert (request.method, str(request.url)) == ("POST", ENDPOINT)
    assert request.content == b"token=a%2Bb%2Fc%3D%3D"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["authorization"] == "Basic YXBpOnNlY3JldA=="


@pytest.mark.parametrize(
    ("client", "known"),
    [
        pytest.param(BASIC, "secret", id="basic"),
        pytest.param(ClientSecretPost("api", "secret"), "secret", id="post"),
        pytest.param(BearerToken("api", "t1"), "t1", id="token"),
        pytest.param(PrivateKeyJWT("api", PEM), PRIVATE.public_key(), id="key"),
    ],
)
async def test_client_authenticates_by_each_method_without_a_certificate(
    client: ClientAuthentication, known: object
) -> None:
    """With another secret the server refuses the client."""
    harness = IntrospectionIssuerHarness(client=client)
    harness.local.introspection.clients = {"api": known}
    assert await harness.verdict() == GOOD
    harness.local.introspection.clients = {"api": "another"}
    assert await harness.verdict() == Reason.CLIENT_REFUSED


async def test_each_client_assertion_is_new() -> None:
    """A server may reject one that it has received before."""
    harness = IntrospectionIssuerHarness(client=PrivateKeyJWT("api", PEM))
    harness.local.introspection.clients = {"api": PRIVATE.public_key()}
    token = harness.local.opaque_token()
    await harness.verdict(token)
    await harness.verdict(token)
    first, second = harness.local.introspection.forms
    assert first["client_assertion"] != second["client_assertion"]


async def test_mutual_tls_client_uses_the_mtls_endpoint_alias() -> None:
    """The metadata may have another URL for it (RFC 8705 §5)."""
    alias = "https://mtls.as.example.com/introspect"
    harness = IntrospectionIssuerHarness()
    token = harness.local.opaque_token()
    metadata = {
        **harness.local.metadata,
        "mtls_endpoint_aliases": {"introspection_endpoint": alias},
    }
    sent: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=metadata)
        sent.extend([str(request.url), request.content.decode()])
        return httpx.Response(200, json={"active": True})

    harness.local.outage = respond
    issuer = build(client=MutualTLS("api"), http=harness.local.http)
    await issuer.validate(RawToken(token))
    assert sent == [alias, f"token={token}&client_id=api"]


async def test_token_type_hint_is_sent_if_configured() -> None:
    """Its value is always `access_token`."""
    harness = IntrospectionIssuerHarness(token_type_hint=True)
    await harness.verdict("t")
    assert harness.local.introspection.forms == [{"token": "t", "token_type_hint": "access_token"}]


async def test_inactive_token_is_rejected() -> None:
    """Both a token that was never issued and one that was revoked."""
    harness = IntrospectionIssuerHarness()
    token = harness.local.opaque_token()
    assert await harness.verdict("unknown") == Reason.INACTIVE
    assert await harness.verdict(token) == GOOD
    harness.local.revoke(token)
    assert await harness.verdict(token) == Reason.INACTIVE


def json_response(text: str, kind: str = "application/json") -> httpx.Response:
    """Return a response with status 200."""
    return httpx.Response(200, text=text, headers={"content-type": kind})


ACTIVE = '{"active":true}'


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        pytest.param(json_response(ACTIVE), GOOD, id="good"),
        pytest.param(json_response(ACTIVE, "Application/JSON; charset=utf-8"), GOOD, id="charset"),
        pytest.param(json_response(ACTIVE, "text/html"), Reason.BAD_RESPONSE, id="HTML by name"),
        pytest.param(json_response(ACTIVE, ""), Reason.BAD_RESPONSE, id="no type"),
        pytest.param(json_response("[]"), Reason.BAD_RESPONSE, id="a list"),
        pytest.param(json_response(ACTIVE[:-1]), Reason.BAD_RESPONSE, id="cut off"),
        pytest.param(
            json_response('{"active":true,"active":true}'), Reason.BAD_RESPONSE, id="a member twice"
        ),
        pytest.param(json_response(ACTIVE + " " * 65_536), Reason.BAD_RESPONSE, id="too long"),
        pytest.param(httpx.Response(204), Reason.BAD_RESPONSE, id="204"),
        pytest.param(
            httpx.Response(302, headers={"location": "https://evil.example/"}),
            Reason.BAD_RESPONSE,
            id="a redirect",
        ),
        pytest.param(httpx.Response(404), Reason.BAD_RESPONSE, id="404"),
        pytest.param(httpx.Response(500), Reason.BAD_RESPONSE, id="500"),
        pytest.param(httpx.Response(429), Reason.BAD_RESPONSE, id="429"),
        pytest.param(httpx.ReadTimeout("slow"), Reason.TIMED_OUT, id="silent"),
        pytest.param(httpx.ConnectError("refused"), Reason.UNREACHABLE, id="refused"),
        pytest.param(httpx.Response(401), Reason.CLIENT_REFUSED, id="401"),
        pytest.param(httpx.Response(403), Reason.CLIENT_REFUSED, id="403"),
        pytest.param(httpx.Response(400), Reason.BAD_RESPONSE, id="400"),
        pytest.param(
            httpx.Response(400, json={"error": "invalid_client"}),
            Reason.CLIENT_REFUSED,
            id="400 invalid_client",
        ),
        pytest.param(
            httpx.Response(400, json={"error": "unsupported_token_type"}),
            Reason.TOKEN_NOT_ACCEPTED,
            id="400 unsupported_token_type",
        ),
    ],
)
async def test_unusable_response_is_an_outage(
    response: httpx.Response | Exception, expected: str
) -> None:
    """It says nothing about the token, so the token is not rejected."""
    harness = IntrospectionIssuerHarness()
    harness.respond_with(response)
    assert await harness.verdict() == expected
    assert all("evil" not in url for url in harness.local.requests)


@settings(max_examples=50)
@given(
    status=st.sampled_from([200, 204, 301, 400, 401, 404, 429, 500, 599]),
    body=st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(MEMBERS), inner),
    ).map(lambda value: json.dumps(value).encode()),
    kind=st.sampled_from(["application/json", SIGNED, "text/html", ""]),
    signed=st.booleans(),
)
def test_any_response_accepts_rejects_or_is_an_outage(
    status: int, body: bytes, kind: str, signed: bool
) -> None:
    """No response raises another error."""

    async def verdict() -> str:
        harness = IntrospectionIssuerHarness(signed=signed)
        headers = {"content-type": kind, "retry-after": "1"}
        harness.respond_with(httpx.Response(status, content=body, headers=headers))
        return await harness.verdict()

    assert asyncio.run(verdict()) in {GOOD, *Reason}


@pytest.mark.parametrize(
    ("response", "text"),
    [
        pytest.param(httpx.Response(401), "client= as it is registered", id="401"),
        pytest.param(httpx.Response(403), "client= as it is registered", id="403"),
        pytest.param(
            httpx.Response(400, json={"error": "unsupported_token_type"}), "a JWTIssuer", id="JWT"
        ),
        pytest.param(httpx.Response(404), "endpoint= the right one", id="404"),
    ],
)
async def test_configuration_fault_is_logged_for_the_operator(
    response: httpx.Response, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In one line, without token, secret or any other text of the server."""
    harness = IntrospectionIssuerHarness(client=ClientSecretBasic("api", "s3cr3t-of-ours"))
    harness.respond_with(response)
    await harness.verdict("t0k3n-of-theirs")
    (line,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert text in line.getMessage()
    assert f"returned {response.status_code} " in line.getMessage()
    assert "t0k3n" not in caplog.text
    assert "s3cr3t" not in caplog.text


async def test_error_that_a_token_can_cause_is_not_logged_as_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A caller can't fill the log with errors."""
    harness = IntrospectionIssuerHarness()
    harness.respond_with(httpx.Response(400, json={"error": "invalid_request"}))
    await harness.verdict("odd")
    assert not [each for each in caplog.records if each.levelno == logging.ERROR]


async def test_valid_token_is_accepted_after_a_hundred_bad_requests() -> None:
    """The endpoint responds to the others with 400, which is conclusive."""
    harness = IntrospectionIssuerHarness()
    good = harness.local.opaque_token()
    harness.respond_with(httpx.Response(400))
    assert {await harness.verdict(f"bad-{n}") for n in range(100)} == {Reason.BAD_RESPONSE}
    harness.recover()
    assert await harness.verdict(good) == GOOD


async def test_outage_about_one_token_says_when_to_retry() -> None:
    """Not before the token has rested; other tokens are introspected."""
    harness = IntrospectionIssuerHarness()
    harness.respond_with(httpx.Response(500))
    token = harness.local.opaque_token("read")
    assert await harness.verdict(token) == Reason.BAD_RESPONSE
    error = await harness.unavailable(token)
    assert (error.reason, error.retry_after) == (Reason.BACKING_OFF, 5)
    assert harness.introspections == 1
    harness.recover()
    assert await harness.verdict() == GOOD
    await harness.issuer.aclose()


async def test_canary_is_a_random_token() -> None:
    """Each is another one, sent as any token is: RFC 7662 §2.2 says what the response is."""
    harness = IntrospectionIssuerHarness(endpoint=ENDPOINT, token_type_hint=True)
    harness.respond_with(httpx.Response(500))
    for _ in range(2):
        for number in range(5):
            await harness.verdict(f"t{number}")
        harness.recover()
        await run_pending_tasks()
        harness.respond_with(httpx.Response(500))
        harness.clock.advance(5)
    forms = harness.local.introspection.forms
    assert [form["token_type_hint"] for form in forms] == ["access_token"] * 2
    assert {len(form["token"]) for form in forms} == {43}
    assert forms[0]["token"] != forms[1]["token"]
    assert harness.issuer.ready


@pytest.mark.conformance("7662-17")
async def test_token_without_the_configured_format_is_rejected_without_a_request() -> None:
    """Its prefix differs."""
    harness = IntrospectionIssuerHarness(token_format="opaque-")
    assert await harness.verdict("junk") == Reason.WRONG_FORMAT
    assert harness.introspections == 0
    assert await harness.verdict() == GOOD


async def test_subject_is_read_from_the_configured_member() -> None:
    """By default from `sub`."""
    harness = IntrospectionIssuerHarness(subject_from="username")
    token = harness.local.opaque_token(username="ann")
    assert (await harness.issuer.validate(RawToken(token))).token.subject == "ann"


async def test_signed_introspection_response_is_rejected_as_a_token() -> None:
    """Without a request (RFC 9701 §8.1)."""
    harness = IntrospectionIssuerHarness()
    claims = json.dumps({"iss": ISSUER, "token_introspection": {"active": True}}).encode()
    signed = harness.local.keys[0].sign(claims, {"typ": "token-introspection+jwt"})
    assert await harness.verdict(signed) == Reason.WRONG_TYPE
    assert harness.introspections == 0
    assert await harness.verdict(LocalIssuer(ISSUER).token()) == Reason.INACTIVE
    assert harness.introspections == 1


async def test_signed_response_is_verified_and_accepted() -> None:
    """The keys are found as those of any issuer."""
    harness = IntrospectionIssuerHarness(signed=True)
    assert not harness.issuer.ready
    await harness.issuer.load()
    assert harness.issuer.ready
    assert await harness.verdict() == GOOD
    assert await harness.verdict("unknown") == Reason.INACTIVE
    assert {each.headers["accept"] for each in harness.local.introspection.requests} == {SIGNED}
    await harness.issuer.aclose()


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(lambda _: json_response(ACTIVE), id="not signed"),
        pytest.param(lambda _: json_response("a.b.c", SIGNED), id="no JWT"),
        pytest.param(lambda _: json_response("é", SIGNED), id="no ASCII"),
        pytest.param(
            lambda claims: json_response(
                SigningKey("k1").sign(claims, {"typ": "token-introspection+jwt"}), SIGNED
            ),
            id="by another key",
        ),
        pytest.param(
            lambda claims: json_response(SigningKey("k1").sign(claims, {"typ": "JWT"}), SIGNED),
            id="another type",
        ),
    ],
)
async def test_response_that_is_not_signed_as_configured_is_an_outage(
    response: Callable[[bytes], httpx.Response],
) -> None:
    """There is no downgrade to an unsigned response."""
    harness = IntrospectionIssuerHarness(signed=True)
    claims = {
        "iss": ISSUER,
        "aud": "api",
        "iat": int(harness.clock()),
        "token_introspection": {"active": True},
    }
    harness.respond_with(response(json.dumps(claims).encode()))
    assert await harness.verdict() == Reason.BAD_RESPONSE


async def test_start_finds_the_endpoint_and_fetches_the_keys() -> None:
    """Keys are fetched only if responses are signed."""
    for signed in (False, True):
        harness = IntrospectionIssuerHarness(signed=signed)
        harness.issuer.start()
        await harness.issuer.load()
        assert harness.issuer.ready
        await harness.issuer.aclose()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        pytest.param({"issuer": "as"}, "issuer must be", id="issuer"),
        pytest.param({"issuer": f"{ISSUER}?a"}, "no query", id="issuer with a query"),
        pytest.param({"endpoint": "http://as.example.com/i"}, "https", id="http endpoint"),
        pytest.param({"metadata_url": "/m"}, "https", id="metadata_url"),
        pytest.param({"cache_for": -1}, "cache_for=", id="cache_for"),
        pytest.param({"inactive_for": float("nan")}, "inactive_for=", id="inactive_for"),
        pytest.param({"client": MutualTLS("api")}, "http=", id="a certificate without client"),
        pytest.param({"client": ("a", "s")}, "client= takes ClientSecret", id="a pair"),
        pytest.param({"client": "a:s"}, "client= takes ClientSecret", id="a string"),
        pytest.param({"client": None}, "client= takes ClientSecret", id="no client"),
        pytest.param({"client": ClientSecretBasic}, "client= takes ClientSecret", id="a class"),
        pytest.param(
            {"endpoint": f"{ISSUER}/.well-known/oauth-authorization-server"},
            "endpoint= is the URL of metadata: write metadata_url=",
            id="metadata in place of the endpoint",
        ),
        pytest.param({"without_audience": ["yes"]}, "'single resource' or", id="a list"),
        pytest.param({"without_audience": "yes"}, "'single resource' or", id="no reason"),
        pytest.param({"types": ["JWT"]}, "types= is for JWTs", id="types"),
        pytest.param({"algorithms": ["RS256"]}, "signed=True", id="algorithms"),
        pytest.param(
            {"algorithms": ["HS256"], "signed": True}, "publishes", id="a secret as a key"
        ),
        pytest.param({"http": httpx.Client()}, "http= takes an async client", id="a sync client"),
        pytest.param({"odd": 1}, "odd= is no setting", id="no setting"),
    ],
)
def test_invalid_setting_is_rejected_with_an_advice(options: dict[str, Any], text: str) -> None:
    """The message says what to write instead."""
    with pytest.raises(ConfigurationError, match=text):
        build(**options)


def test_insecure_http_is_accepted_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """The log says what it means."""
    build(endpoint="http://as.internal/introspect", insecure_http=True)
    assert "lets tokens travel unprotected" in caplog.text


def test_cache_identity_differs_if_a_result_may_differ() -> None:
    """It contains no secret; the seconds are those of the settings."""
    identities = {
        build().cache.identity,
        build(issuer="https://other.example.com").cache.identity,
        build(endpoint=ENDPOINT).cache.identity,
        build(metadata_url=f"{ISSUER}/metadata").cache.identity,
        build(client=ClientSecretBasic("other", "secret")).cache.identity,
        build(signed=True).cache.identity,
    }
    assert len(identities) == 6
    settings = build(cache_for=30, inactive_for=0).cache
    assert (settings.cache_for, settings.inactive_for) == (30, 0)
    assert "secret" not in repr(identities)


def test_repr_contains_no_secret() -> None:
    """Only the identifiers of issuer and client."""
    assert repr(build(client=ClientSecretBasic("api", "s3cr3t"))) == (
        f"IntrospectionIssuer('{ISSUER}', client=ClientSecretBasic(client_id='api', raw=False))"
    )


@pytest.mark.parametrize("reason", ["single resource", "issuer checks"])
def test_missing_audience_is_accepted_only_with_a_reason(reason: Any) -> None:
    """Or if the client of the token is checked instead."""
    assert build(without_audience=reason).cache.rules.audience_optional
    assert build(clients=["c1"], audience_optional=True).cache.rules.audience_optional
    assert not build().cache.rules.audience_optional


@pytest.mark.parametrize(
    ("members", "reason", "named"),
    [
        pytest.param({}, Reason.UNCLEAR_ACTIVE, "active", id="no active"),
        pytest.param({"error": "x"}, Reason.UNCLEAR_ACTIVE, "active", id="an error"),
        pytest.param({"active": None}, Reason.UNCLEAR_ACTIVE, "active", id="null"),
        pytest.param({"active": "true"}, Reason.UNCLEAR_ACTIVE, "active", id="a string"),
        pytest.param({"active": True, "exp": "x"}, Reason.MALFORMED_CLAIM, "exp", id="exp"),
        pytest.param(
            {"active": True, "sub": 1, "aud": [1], "iat": []},
            Reason.MALFORMED_CLAIM,
            "iat, sub",
            id="several",
        ),
        pytest.param(
            {"active": True, "aud": [1]}, Reason.MALFORMED_CLAIM, "aud or scope", id="items"
        ),
        pytest.param({"active": True, "iss": 1}, Reason.MALFORMED_CLAIM, "iss", id="iss"),
        pytest.param(
            {"active": True, "token_type": []}, Reason.MALFORMED_CLAIM, "token_type", id="type"
        ),
    ],
)
async def test_response_with_unusable_members_is_an_outage_and_the_log_names_them(
    members: dict[str, Any], reason: Reason, named: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The issuer is at fault, not the caller; no value is logged, and the endpoint works."""
    harness = IntrospectionIssuerHarness(endpoint=ENDPOINT)
    harness.respond_with(httpx.Response(200, json=members))
    assert (await harness.unavailable("t0k3n")).reason is reason
    assert caplog.messages[-1] == f"{ISSUER}: the introspection response has no usable {named}"
    assert (await harness.unavailable("t0k3n")).reason is reason
    assert harness.issuer.ready
