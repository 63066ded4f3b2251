"""OAuthGuardMiddleware: the second request with one header has the outcome of the first."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard import (
    ANONYMOUS,
    ClientSecretBasic,
    Guard,
    IntrospectionIssuer,
    JWTIssuer,
    OAuthGuardMiddleware,
    Requirement,
    current_identity,
    scope,
)
from oauth_guard.errors import InvalidToken, MissingCredentials, Reason
from oauth_guard.issuers.static_keys import StaticKeySet
from oauth_guard.jose.jws import JWS
from oauth_guard.jose.key_set import KeySet
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer
from tests.acceptance.standards.api import NOW, Api, bearer, signing_keys
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import http
from tests.unit.protocol.properties import BOUNDED


class Counting(StaticKeySet):
    """Keys that count the signatures that they verify."""

    def __init__(self, jwks: dict[str, Any]) -> None:
        super().__init__(KeySet.from_document(jwks))
        self.verified = 0

    async def verify(self, token: JWS) -> None:
        """Count, then verify."""
        self.verified += 1
        await super().verify(token)


async def bare(_connection: Any, _receive: Any, send: Any) -> None:
    """RecordedResponse 200."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.mark.parametrize(
    ("settings", "path", "outcome"),
    [
        pytest.param({}, "/r", "200", id="no requirement"),
        pytest.param({"requires": "read"}, "/r", "200", id="the required scope"),
        pytest.param({"requires": "write"}, "/r", "403 insufficient_scope", id="another scope"),
        pytest.param(
            {"requires": scope("read", "write")}, "/r", "403 insufficient_scope", id="half"
        ),
        pytest.param({"requires": scope("write") | scope("read")}, "/r", "200", id="one of two"),
        pytest.param(
            {"requires": scope("write") | scope("admin")}, "/r", "403 insufficient_scope", id="none"
        ),
        pytest.param(
            {"requires": Requirement.of("read", roles=["admin"])},
            "/r",
            "403 insufficient_scope",
            id="a role besides",
        ),
        pytest.param({"requires": Requirement.of(users_only=True)}, "/r", "200", id="a user"),
        pytest.param({}, "/admin", "403 insufficient_scope", id="the route requirement for more"),
        pytest.param({"required": False}, "/r", "200", id="a token is optional"),
        pytest.param(
            {"public": ["/r"], "required": False}, "/r", "200 anonymous", id="a public path"
        ),
    ],
)
async def test_second_request_has_the_response_of_the_first(
    settings: dict[str, Any], path: str, outcome: str
) -> None:
    """Status, headers, body and identity."""
    api = Api(middleware=settings)
    token = api.token()
    await api.get("/r", token=api.token(sub="u0"))  # so that the keys are here
    first, second = [await api.get(path, token=token) for _ in range(2)]
    expect(first, outcome)
    expect(second, outcome)
    assert (first.headers, first.body, first.seen) == (second.headers, second.body, second.seen)


async def test_second_request_with_one_token_verifies_no_signature() -> None:
    """So the other tests in this file test cache hits."""
    keys = Counting({"keys": [key.jwk for key in signing_keys()]})
    api = Api(issuer={"keys": keys})
    for _ in range(3):
        expect(await api.get("/r", token=api.token(jti="same", iat=NOW)), "200")
    assert keys.verified == 3  # ES256 makes another signature each time
    token = api.token()
    for _ in range(3):
        expect(await api.get("/r", token=token), "200")
    assert keys.verified == 4


async def nothing() -> dict[str, Any]:
    """Receive a request without a body."""
    return {"type": "http.request"}


async def broken(_connection: Any, _receive: Any, _send: Any) -> None:
    """Fail while somebody is served."""
    raise RuntimeError


@pytest.mark.parametrize("app", [bare, broken])
async def test_current_identity_is_reset_after_each_request(app: Any) -> None:
    """Whether the application succeeds or fails."""
    api = Api()
    application = OAuthGuardMiddleware(app, api.guard)
    connection = http("GET", "/r", bearer(api.token()))
    for _ in range(3):
        with suppress(RuntimeError):
            await application(connection, nothing, partial(asyncio.sleep, 0))
        assert current_identity() is ANONYMOUS


async def test_connection_of_the_server_is_not_changed() -> None:
    """The server and outer middleware may read it afterwards."""
    api = Api()
    application = OAuthGuardMiddleware(bare, api.guard)
    connection = http("GET", "/r", bearer(api.token()))
    came = dict(connection)
    for _ in range(3):
        await application(connection, nothing, partial(asyncio.sleep, 0))
        assert connection == came


async def test_credentials_of_another_scheme_are_logged() -> None:
    """Whether the middleware requires a scope or not."""
    for settings in ({}, {"requires": "read"}):
        response = await Api(middleware=settings).send(
            "GET", "/r", [(b"authorization", b"Basic YTpi")]
        )
        expect(response, "401 none")
        assert Reason.UNSUPPORTED_SCHEME in response.log


async def test_changing_the_headers_of_one_rejection_changes_no_other() -> None:
    """Outer middleware adds header fields to the list that it receives."""
    api, seen = Api(), []

    async def altering(message: Any) -> None:
        if message["type"] == "http.response.start":
            seen.append(len(message["headers"]))
            message["headers"].append((b"x-added", b"1"))

    for _ in range(2):
        await api.application(http("GET", "/r"), nothing, altering)
    assert seen[0] == seen[1]


@pytest.mark.parametrize("field", [b"Bearer junk", b"Bearer eyJhbGciOiJub25lIn0.e30.AA"])
async def test_rejection_of_head_equals_that_of_get_without_body(field: bytes) -> None:
    """Its length stays (RFC 9110 section 9.3.2)."""
    get, head = [await Api().send(m, "/r", [(b"authorization", field)]) for m in ("GET", "HEAD")]
    assert (head.status, head.headers) == (get.status, get.headers)
    assert (bool(get.body), head.body) == (True, b"")


async def test_metadata_is_found_under_any_root_path() -> None:
    """By the path that the server received, without a token."""
    path = "/.well-known/oauth-protected-resource"
    for root_path in ("", "/.well-known", path):
        assert (await Api().get(path, root_path=root_path)).status == 200


async def test_repeated_handshake_has_the_same_identity() -> None:
    """A handshake is a request like any other."""
    api = Api()
    token = api.token()
    for _ in range(3):
        response = await api.connect("/ws", bearer(token))
        assert [each.subject for each in response.seen] == ["u1"]


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"exp": 1}, id="expired"),
        pytest.param({"aud": "https://other.example.com"}, id="for another"),
        pytest.param({"cnf": {"jkt": "thumbprint"}}, id="bound to a key"),
    ],
)
async def test_invalid_token_stays_invalid_after_a_valid_one_is_cached(
    claims: dict[str, Any],
) -> None:
    """Rejections are not cached."""
    api = Api(issuer={"keys": {"keys": [key.jwk for key in signing_keys()]}})
    expect(await api.get("/r", token=api.token()), "200")
    token = api.token(**claims)
    for _ in range(3):
        expect(await api.get("/r", token=token), "401 invalid_token")


async def test_token_cached_by_one_guard_is_not_valid_for_another() -> None:
    """Each guard has its own cache."""
    local = LocalIssuer(audience="https://api.test/a")
    issuer = JWTIssuer(local.issuer, http=local.http)
    guards = {
        "/a": Guard("https://api.test/a", [issuer]),
        "/": Guard("https://api.test/", [issuer]),
    }
    token = local.token()
    app = OAuthGuardMiddleware(bare, guards)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="https://api.test"
    ) as client:
        authorization = {"authorization": f"Bearer {token}"}
        for path, status in (("/a", 200), ("/b", 401)) * 3:
            assert (await client.get(path, headers=authorization)).status_code == status


@pytest.mark.parametrize(
    ("settings", "secure", "verified"),
    [
        pytest.param({"expose_token": True}, True, 3, id="the identity holds the token"),
        pytest.param({"bearer_methods": ["header", "query"]}, True, 3, id="or in the query"),
        pytest.param({"bearer_methods": ["header", "body"]}, True, 3, id="or in a form"),
        pytest.param({"require_https": True}, False, 0, id="in the clear"),
        pytest.param({"require_https": True}, True, 1, id="over TLS"),
    ],
)
async def test_token_is_not_cached_if_the_header_alone_does_not_decide(
    settings: dict[str, Any], secure: bool, verified: int
) -> None:
    """It is validated on each request."""
    keys = Counting({"keys": [key.jwk for key in signing_keys()]})
    api = Api(guard=settings, issuer={"keys": keys})
    token = api.token()
    for _ in range(3):
        await api.send("GET", "/r", bearer(token), scheme="https" if secure else "http")
    assert keys.verified == verified


@pytest.mark.parametrize(("limit", "status"), [(1, 200), (0, 401)])
async def test_claim_function_runs_on_each_request(limit: int, status: int) -> None:
    """It may look at more than the token."""
    allowed = [limit]

    def check(_claims: object) -> None:
        if not allowed[0]:
            raise InvalidToken(Reason.WRONG_CLAIM)

    api = Api(issuer={"keys": {"keys": [key.jwk for key in signing_keys()]}, "claims": check})
    token = api.token()
    assert (await api.get("/r", token=token)).status == status
    allowed[0] = 0
    assert (await api.get("/r", token=token)).status == 401


async def test_introspection_result_of_a_signed_token_is_not_cached() -> None:
    """Later requests without introspection use the signed claims."""
    local = LocalIssuer()
    required = IntrospectionIssuer(
        local.issuer, client=ClientSecretBasic("api", "secret"), http=local.http, cache_for=0
    )
    issuer = JWTIssuer(local.issuer, keys=local.jwks, introspection=required)
    guard = Guard(local.audience, [issuer])
    token = local.token("read")
    local.introspection.responses[token] = {"active": True, **local.claims("read", "write")}
    request = ResourceRequest({"headers": bearer(token)})
    assert (await guard.authenticate(request, introspect=True)).scopes == {"read", "write"}
    for _ in range(2):
        assert (await guard.authenticate(request)).scopes == {"read"}
    await guard.aclose()


FIELDS = st.sampled_from(
    [
        (b"authorization", b"good"),
        (b"authorization", b"good"),
        (b"Authorization", b"good"),
        (b"authorization", b"other"),
        (b"authorization", b"expired"),
        (b"authorization", b"Bearer junk"),
        (b"authorization", b"Bearer a.b.c"),
        (b"authorization", b"Bearer e30.e30.AA"),
        (b"authorization", b"Bearer eyJ"),
        (b"authorization", b"Bearer a.b.c.d.e"),
        (b"authorization", b"Bearer a b"),
        (b"authorization", b"Bearer " + b"a" * 16384),
        (b"authorization", b"Basic YTpi"),
        (b"authorization", b""),
        (b"origin", b"https://app.example.com"),
        (b"access-control-request-method", b"GET"),
        (b"cache-control", b"no-cache"),
    ]
)
REQUESTS = st.tuples(
    st.sampled_from(["GET", "GET", "HEAD", "POST", "OPTIONS", "WEBSOCKET"]),
    st.sampled_from(
        [
            *("/r", "/r", "/admin", "/health", "/static/a", "/static/", "/static/../r", "//r"),
            *("/.well-known/oauth-protected-resource", "/api/r", "/api/health", "*"),
        ]
    ),
    st.lists(FIELDS, max_size=2),
    st.sampled_from(["https", "http"]),
    st.sampled_from(["", "/api"]),
)


def _forgets(_claims: object) -> None:
    """Reject as if there were no credentials."""
    raise MissingCredentials


ISSUERS = st.sampled_from([{}, {}, {"claims": {"sub": "u2"}}, {"claims": _forgets}])
GUARDS = st.fixed_dictionaries(
    {}, optional={"require_https": st.booleans(), "metadata": st.booleans()}
)
MIDDLEWARES = st.fixed_dictionaries(
    {"public": st.just(["/health", "/static/*"])},
    optional={
        "required": st.booleans(),
        "requires": st.sampled_from(["read", "write"]),
        "preflights": st.booleans(),
    },
)


@BOUNDED
@given(ISSUERS, GUARDS, MIDDLEWARES, st.lists(REQUESTS, min_size=1, max_size=4))
def test_requests_have_the_same_outcome_with_and_without_cors(
    issuer: dict[str, Any],
    guard: dict[str, Any],
    middleware: dict[str, Any],
    requests: list[Any],
) -> None:
    """For the caller, the application and the operator, in any order of requests."""
    asyncio.run(_compare_with_and_without_cors(issuer, guard, middleware, requests))


async def _compare_with_and_without_cors(
    issuer: dict[str, Any], guard: dict[str, Any], middleware: dict[str, Any], requests: list[Any]
) -> None:
    issuer = {"keys": {"keys": [key.jwk for key in signing_keys()]}, **issuer}
    quick = Api(app=bare, issuer=issuer, guard=guard, middleware=middleware)
    # Where scripts of some origin are let in, each request goes the long way.
    long_way = {**middleware, "cors": ["https://other.example.com"]}
    slow = Api(app=bare, issuer=issuer, guard=guard, middleware=long_way)
    tokens = {
        b"good": quick.token(),
        b"other": quick.token(aud="https://other.example.com"),
        b"expired": quick.token(exp=NOW - 1),
    }
    for method, target, fields, scheme, root_path in requests:
        headers = [
            (name, b"Bearer " + tokens[value].encode() if value in tokens else value)
            for name, value in fields
        ]
        responses = [
            await api.send(method, target, headers, scheme=scheme, root_path=root_path)
            for api in (quick, slow)
        ]
        first, second = ((a.status, a.headers, a.body, a.seen, a.log) for a in responses)
        assert first == second
