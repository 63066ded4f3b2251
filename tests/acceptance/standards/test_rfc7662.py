"""RFC 7662, token introspection: what is asked, what is believed, and whose fault a failure is."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest

from oauth_guard import ConfigurationError
from oauth_guard.issuers.client_auth import ClientSecretBasic
from tests.acceptance.standards.answer import Headers
from tests.acceptance.standards.api import ISSUER, NOW
from tests.acceptance.standards.certificate import self_signed
from tests.acceptance.standards.opaque import ENDPOINT, OpaqueApi, admitted
from tests.acceptance.standards.outcome import expect


@pytest.mark.conformance("7662-01")
async def test_the_question_is_a_form_in_a_post() -> None:
    """The token is in the body, form-encoded, and in no URL."""
    api = OpaqueApi()
    admitted(await api.get(token=api.opaque(token="a+b/c==")))
    (request,) = api.questions
    assert (request.method, str(request.url)) == ("POST", ENDPOINT)
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept"] == "application/json"
    assert b"token=a%2Bb%2Fc%3D%3D" in request.content.split(b"&")
    assert all("a+b" not in url and "a%2Bb" not in url for url in api.authority.requests)


@pytest.mark.conformance("7662-02")
@pytest.mark.parametrize("hint", [True, False])
async def test_the_hint_is_sent_when_configured(hint: bool) -> None:
    """It says that this is an access token."""
    api = OpaqueApi(token_type_hint=hint)
    admitted(await api.get(token=api.opaque()))
    (form,) = api.authority.introspection.forms
    assert form.get("token_type_hint") == ("access_token" if hint else None)


@pytest.mark.conformance("7662-03")
async def test_basic_credentials_are_form_encoded_first() -> None:
    """Identifier and secret may hold any character."""
    api = OpaqueApi(client=ClientSecretBasic("rs:1", "p%:&é"))
    api.authority.introspection.clients = {"rs:1": "p%:&é"}
    admitted(await api.get(token=api.opaque()))
    (request,) = api.questions
    assert request.headers["authorization"] == "Basic cnMlM0ExOnAlMjUlM0ElMjYlQzMlQTk="


@pytest.mark.conformance("7662-04")
def test_the_endpoint_is_https() -> None:
    """Any other address is refused when it is configured."""
    with pytest.raises(ConfigurationError):
        OpaqueApi(endpoint="http://as.example.com/introspect")
    assert issubclass(ConfigurationError, ValueError)


@pytest.mark.conformance("7662-04")
async def test_a_certificate_that_nobody_vouches_for_gets_no_token(tmp_path: Path) -> None:
    """The connection ends before a byte of the request was sent."""
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
    [{"active": False}, {}, {"active": "true"}, {"active": None}, {"active": 1}],
    ids=str,
)
async def test_only_true_means_active(members: dict[str, Any]) -> None:
    """Whatever else is said of the token."""
    api = OpaqueApi()
    claims = api.authority.claims("read")
    expect(await api.get(token=api.saying({**claims, **members})), "401 invalid_token")


def said(text: str, kind: str) -> httpx.Response:
    """Return an answer of this media type."""
    return httpx.Response(200, text=text, headers={"content-type": kind})


ACTIVE = '{"active":true,"aud":"https://api.example.com"}'


@pytest.mark.conformance("7662-06")
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        pytest.param(said(ACTIVE, "text/html"), "503", id="HTML by name"),
        pytest.param(said("[]", "application/json"), "503", id="a list"),
        pytest.param(said(ACTIVE[:-1], "application/json"), "503", id="cut off"),
        pytest.param(said(ACTIVE, "application/json; charset=utf-8"), "200", id="charset"),
    ],
)
async def test_the_answer_is_a_json_object(answer: httpx.Response, outcome: str) -> None:
    """Of the media type that says so."""
    api = OpaqueApi()
    api.at_endpoint(lambda _: answer)
    response = await api.get(token="opaque-1")
    if outcome == "200":
        admitted(response)
    else:
        expect(response, outcome)


@pytest.mark.conformance("7662-07")
@pytest.mark.parametrize("status", [401, 403])
async def test_our_own_credentials_are_not_the_callers(status: int) -> None:
    """Whoever presents a token can't mend them."""
    api = OpaqueApi()
    api.at_endpoint(lambda _: httpx.Response(status))
    answer = await api.get(token="opaque-1")
    expect(answer, "503")
    assert "ERROR oauth_guard " in answer.log


def fails(_: httpx.Request) -> httpx.Response:
    """Answer nothing in time."""
    raise httpx.ReadTimeout("slow")


@pytest.mark.conformance("7662-08")
@pytest.mark.parametrize("status", [500, 429, 302, 0], ids=["500", "429", "302", "time-out"])
async def test_an_outage_fails_closed(status: int) -> None:
    """The token is not sent anywhere else."""
    api = OpaqueApi()
    elsewhere = {"location": "https://evil.example/introspect"}
    api.at_endpoint(lambda r: httpx.Response(status, headers=elsewhere) if status else fails(r))
    answer = await api.get(token="opaque-1")
    expect(answer, "503")
    assert answer.lines("retry-after")
    assert all(url.startswith(ISSUER) for url in api.authority.requests)


@pytest.mark.conformance("7662-08")
async def test_a_hundred_tokens_that_provoke_400_leave_good_ones_served() -> None:
    """No caller can open the breaker for the others."""
    api = OpaqueApi()
    good = api.opaque()
    api.at_endpoint(lambda _: httpx.Response(400, json={"error": "invalid_request"}))
    for number in range(100):
        expect(await api.get(token=f"provoking-{number}"), "503")
    api.authority.outage = None
    admitted(await api.get(token=good))


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
async def test_what_is_said_is_checked_here_too(changes: dict[str, Any]) -> None:
    """An active token may still be out of its time, or not for us."""
    api = OpaqueApi()
    expect(await api.get(token=api.opaque(**changes)), "401 invalid_token")


@pytest.mark.conformance("7662-14")
async def test_scope_and_subject_are_read() -> None:
    """`scope` is one string, and only `sub` names the subject."""
    api = OpaqueApi()
    both = api.opaque(scope="read write")
    admitted(await api.post(token=both), scope="read write")
    expect(await api.post(token=api.opaque(scope=None)), "403 insufficient_scope")
    answer = await api.get(token=api.opaque(sub="u1", username="ann"))
    assert [each.subject for each in answer.seen] == ["u1"]
    answer = await api.get(token=api.opaque(sub=None, username="ann"))
    assert [each.subject for each in answer.seen] == [None]
    expect(await api.get(token=api.opaque(scope=["read"])), "401 invalid_token")


@pytest.mark.conformance("6750-23")
async def test_a_revoked_token_is_refused() -> None:
    """As soon as the issuer calls it inactive."""
    api = OpaqueApi()
    token = api.opaque()
    admitted(await api.get(token=token))
    api.authority.revoke(token)
    expect(await api.get(token=token), "401 invalid_token")


@pytest.mark.conformance("6750-03")
async def test_every_character_of_a_token_is_sent_byte_for_byte() -> None:
    """The whole alphabet of token68."""
    api = OpaqueApi()
    admitted(await api.get(token=api.opaque(token="aA0-._~+/==")))
    assert api.authority.introspection.forms == [{"token": "aA0-._~+/=="}]


@pytest.mark.conformance("6750-03")
@pytest.mark.parametrize("token", [b"a=b", b"a b", b"a,b", b"a%b", b'"a"', b"\xe9"])
async def test_no_other_character_is_asked_about(token: bytes) -> None:
    """It is no token at all."""
    api = OpaqueApi()
    headers: Headers = ((b"authorization", b"Bearer " + token),)
    expect(await api.send("GET", "/r", headers), "400 invalid_request")
    assert api.questions == []


@pytest.mark.conformance("9449-29")
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}, id="cnf"),
        pytest.param({"token_type": "DPoP"}, id="token_type"),
    ],
)
async def test_a_bound_token_is_refused_as_bearer(changes: dict[str, Any]) -> None:
    """Whoever presents it has not shown the key."""
    api = OpaqueApi()
    expect(await api.get(token=api.opaque(**changes)), "401 invalid_token")
