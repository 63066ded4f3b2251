"""RFC 7662, token introspection: the request, the response, and failures of the endpoint."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest

from oauth_guard import ConfigurationError
from oauth_guard.issuers.client_auth import ClientSecretBasic
from tests.acceptance.standards.api import ISSUER, NOW
from tests.acceptance.standards.certificate import self_signed
from tests.acceptance.standards.opaque import ENDPOINT, OpaqueApi, expect_identity
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import Headers


@pytest.mark.conformance("7662-01")
async def test_introspection_request_is_a_form_in_a_post() -> None:
    """The token is in the body, not in the URL."""
    api = OpaqueApi()
    expect_identity(await api.get(token=api.opaque(token="a+b/c==")))
    (request,) = api.introspection_requests
    assert (request.method, str(request.url)) == ("POST", ENDPOINT)
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept"] == "application/json"
    assert b"token=a%2Bb%2Fc%3D%3D" in request.content.split(b"&")
    assert all("a+b" not in url and "a%2Bb" not in url for url in api.authority.requests)


@pytest.mark.conformance("7662-02")
@pytest.mark.parametrize("hint", [True, False])
async def test_token_type_hint_is_sent_if_configured(hint: bool) -> None:
    """Its value is `access_token`."""
    api = OpaqueApi(token_type_hint=hint)
    expect_identity(await api.get(token=api.opaque()))
    (form,) = api.authority.introspection.forms
    assert form.get("token_type_hint") == ("access_token" if hint else None)


@pytest.mark.conformance("7662-03")
async def test_basic_credentials_are_form_encoded() -> None:
    """The client ID and secret may contain any character."""
    api = OpaqueApi(client=ClientSecretBasic("rs:1", "p%:&é"))
    api.authority.introspection.clients = {"rs:1": "p%:&é"}
    expect_identity(await api.get(token=api.opaque()))
    (request,) = api.introspection_requests
    assert request.headers["authorization"] == "Basic cnMlM0ExOnAlMjUlM0ElMjYlQzMlQTk="


@pytest.mark.conformance("7662-04")
def test_endpoint_that_is_not_https_is_rejected() -> None:
    """A ValueError when the issuer is built."""
    with pytest.raises(ConfigurationError):
        OpaqueApi(endpoint="http://as.example.com/introspect")
    assert issubclass(ConfigurationError, ValueError)


@pytest.mark.conformance("7662-04")
async def test_untrusted_certificate_receives_no_token(tmp_path: Path) -> None:
    """The connection ends before a byte of the request is sent."""
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        api = OpaqueApi(endpoint=f"https://localhost:{port}/introspect", http=None)
        expect(await api.get(token=api.opaque()), "503")
        await api.guard.aclose()
    assert b"".join(heard) == b""


@pytest.mark.conformance("7662-05")
@pytest.mark.parametrize(
    "members",
    [{}, {"active": "true"}, {"active": None}, {"active": 1}],
    ids=str,
)
async def test_response_without_a_usable_active_is_an_outage(members: dict[str, Any]) -> None:
    """The token may be valid: gateways respond with status 200 about their own faults."""
    api = OpaqueApi()
    claims = api.authority.claims("read")
    expect(await api.get(token=api.opaque_with({**claims, **members})), "503")


@pytest.mark.conformance("7662-05")
async def test_only_active_true_means_active() -> None:
    """Whatever the other members are."""
    api = OpaqueApi()
    claims = api.authority.claims("read")
    expect(await api.get(token=api.opaque_with({**claims, "active": False})), "401 invalid_token")


def _with_media_type(text: str, kind: str) -> httpx.Response:
    """Return a response with this media type."""
    return httpx.Response(200, text=text, headers={"content-type": kind})


ACTIVE = '{"active":true,"aud":"https://api.example.com"}'


@pytest.mark.conformance("7662-06")
@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        pytest.param(_with_media_type(ACTIVE, "text/html"), "503", id="HTML by name"),
        pytest.param(_with_media_type("[]", "application/json"), "503", id="a list"),
        pytest.param(_with_media_type(ACTIVE[:-1], "application/json"), "503", id="cut off"),
        pytest.param(
            _with_media_type(ACTIVE, "application/json; charset=utf-8"), "200", id="charset"
        ),
    ],
)
async def test_introspection_response_must_be_a_json_object(
    response: httpx.Response, outcome: str
) -> None:
    """Its media type must be JSON too."""
    api = OpaqueApi()
    api.replace_endpoint(lambda _: response)
    received = await api.get(token="opaque-1")
    if outcome == "200":
        expect_identity(received)
    else:
        expect(received, outcome)


@pytest.mark.conformance("7662-07")
@pytest.mark.parametrize("status", [401, 403])
async def test_rejected_client_credentials_get_503(status: int) -> None:
    """The caller can't correct our credentials; the operator's log has an ERROR."""
    api = OpaqueApi()
    api.replace_endpoint(lambda _: httpx.Response(status))
    response = await api.get(token="opaque-1")
    expect(response, "503")
    assert "ERROR oauth_guard " in response.log


def _time_out(_: httpx.Request) -> httpx.Response:
    """Raise a read time-out."""
    raise httpx.ReadTimeout("slow")


@pytest.mark.conformance("7662-08")
@pytest.mark.parametrize("status", [500, 429, 302, 0], ids=["500", "429", "302", "time-out"])
async def test_outage_of_the_endpoint_gets_503(status: int) -> None:
    """The token is not sent to another host."""
    api = OpaqueApi()
    elsewhere = {"location": "https://evil.example/introspect"}
    api.replace_endpoint(
        lambda r: httpx.Response(status, headers=elsewhere) if status else _time_out(r)
    )
    response = await api.get(token="opaque-1")
    expect(response, "503")
    assert response.lines("retry-after")
    assert all(url.startswith(ISSUER) for url in api.authority.requests)


@pytest.mark.conformance("7662-08")
async def test_tokens_that_provoke_400_do_not_count_against_others() -> None:
    """After a hundred of them, a valid token is still accepted."""
    api = OpaqueApi()
    good = api.opaque()
    api.replace_endpoint(lambda _: httpx.Response(400, json={"error": "invalid_request"}))
    expect(await api.get(token="provoking"), "503")
    for number in range(100):
        assert (await api.get(token=f"provoking-{number}")).status == 503
    api.authority.outage = None
    expect_identity(await api.get(token=good))


@pytest.mark.conformance("7662-09")
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exp": NOW}, id="exp"),
        pytest.param({"nbf": NOW + 1}, id="nbf"),
        pytest.param({"aud": "https://other.example.com"}, id="aud"),
        pytest.param({"aud": None}, id="no aud"),
        pytest.param({"iss": "https://other.example.com"}, id="iss"),
    ],
)
async def test_introspected_claims_are_checked_locally(changes: dict[str, Any]) -> None:
    """An active token may be expired, not yet valid, or for another audience or issuer."""
    api = OpaqueApi()
    expect(await api.get(token=api.opaque(**changes)), "401 invalid_token")


@pytest.mark.conformance("7662-14")
async def test_scope_and_subject_come_from_their_own_members() -> None:
    """`scope` is one string, and only `sub` gives the subject."""
    api = OpaqueApi()
    both = api.opaque(scope="read write")
    expect_identity(await api.post(token=both), scope="read write")
    expect(await api.post(token=api.opaque(scope=None)), "403 insufficient_scope")
    response = await api.get(token=api.opaque(sub="u1", username="ann"))
    assert [each.subject for each in response.seen] == ["u1"]
    response = await api.get(token=api.opaque(sub=None, username="ann"))
    assert [(each.subject, each.kind) for each in response.seen] == [(None, "unknown")]
    assert 'see subject_from="username"' in response.log
    expect(await api.get(token=api.opaque(scope=["read"])), "503")


@pytest.mark.conformance("7662-18")
@pytest.mark.parametrize(
    ("token_type", "outcome"),
    [
        *((name, "200") for name in (None, "Bearer", "bearer", "access_token")),
        ("urn:ietf:params:oauth:token-type:access_token", "200"),
        *((name, "401 invalid_token") for name in ("mac", "N_A", "PoP", "authorization_code", "")),
        *((name, "401 invalid_token") for name in ("refresh_token", "DPoP")),
        (5, "503"),
    ],
)
async def test_token_type_must_be_that_of_an_access_token(token_type: object, outcome: str) -> None:
    """A type that is not understood must not be used; a DPoP token needs its proof."""
    api = OpaqueApi()
    response = await api.get(token=api.opaque(token_type=token_type))
    if outcome == "200":
        expect_identity(response)
    else:
        expect(response, outcome)


@pytest.mark.conformance("7662-18")
async def test_operator_can_name_further_token_types() -> None:
    """Without regard to case."""
    api = OpaqueApi(token_types=["Legacy"])
    expect_identity(await api.get(token=api.opaque(token_type="LEGACY")))


@pytest.mark.conformance("6750-23")
async def test_revoked_token_is_rejected() -> None:
    """On the first request after the revocation, if results are not cached."""
    api = OpaqueApi()
    token = api.opaque()
    expect_identity(await api.get(token=token))
    api.authority.revoke(token)
    expect(await api.get(token=token), "401 invalid_token")


@pytest.mark.conformance("6750-03")
async def test_token_is_introspected_byte_for_byte() -> None:
    """The whole token68 alphabet."""
    api = OpaqueApi()
    expect_identity(await api.get(token=api.opaque(token="aA0-._~+/==")))
    assert api.authority.introspection.forms == [{"token": "aA0-._~+/=="}]


@pytest.mark.conformance("6750-03")
@pytest.mark.parametrize("token", [b"a=b", b"a b", b"a,b", b"a%b", b'"a"', b"\xe9"])
async def test_credentials_that_are_no_token68_are_not_introspected(token: bytes) -> None:
    """The request is malformed."""
    api = OpaqueApi()
    headers: Headers = ((b"authorization", b"Bearer " + token),)
    expect(await api.send("GET", "/r", headers), "400 invalid_request")
    assert api.introspection_requests == []


@pytest.mark.conformance("9449-29")
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}, id="cnf"),
        pytest.param({"token_type": "DPoP"}, id="token_type"),
    ],
)
async def test_bound_token_is_rejected_as_bearer(changes: dict[str, Any]) -> None:
    """No proof of possession was presented."""
    api = OpaqueApi()
    expect(await api.get(token=api.opaque(**changes)), "401 invalid_token")
