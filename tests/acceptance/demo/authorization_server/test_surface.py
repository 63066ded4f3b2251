"""The surface: metadata, keys, methods, and the bounds of what is read at all."""

import logging
from typing import Any

import pytest

from tests.acceptance.demo.authorization_server.stage import (
    OAUTH,
    ORIGIN,
    VERIFIER,
    Stage,
    basic,
    refused,
)

METADATA = {
    "jwks_uri": f"{ORIGIN}{OAUTH}/jwks",
    "scopes_supported": ["read", "write"],
    "response_types_supported": ["code"],
    "response_modes_supported": ["query"],
    "grant_types_supported": [
        "authorization_code",
        "client_credentials",
        "password",
        "refresh_token",
    ],
    "code_challenge_methods_supported": ["S256"],
    "token_endpoint_auth_methods_supported": [
        "client_secret_basic",
        "client_secret_post",
        "none",
    ],
    "introspection_endpoint_auth_methods_supported": [
        "client_secret_basic",
        "client_secret_post",
    ],
    "revocation_endpoint_auth_methods_supported": [
        "client_secret_basic",
        "client_secret_post",
        "none",
    ],
    "authorization_response_iss_parameter_supported": True,
}


async def test_the_metadata_is_complete_and_true(stage: Stage) -> None:
    """Every endpoint it names answers, and other origins may read it."""
    response = await stage.http.get("/.well-known/oauth-authorization-server")
    assert response.headers["access-control-allow-origin"] == "*"
    assert "max-age" in response.headers["cache-control"]
    document = response.json()
    assert document.pop("issuer") == ORIGIN
    endpoints = {name: document.pop(name) for name in list(document) if "_endpoint" in name[-9:]}
    assert document == METADATA
    assert set(endpoints) == {
        f"{name}_endpoint"
        for name in ("authorization", "token", "introspection", "revocation", "registration")
    }
    for address in (*endpoints.values(), document["jwks_uri"]):
        assert (await stage.http.get(address)).status_code in {200, 400, 405}


async def test_the_keys_are_public_and_named(stage: Stage) -> None:
    """One P-256 key, without its private half, readable from other origins."""
    response = await stage.http.get(f"{OAUTH}/jwks")
    assert response.headers["access-control-allow-origin"] == "*"
    (key,) = response.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert key["alg"] == "ES256"


@pytest.mark.parametrize("endpoint", ["token", "introspect", "revoke", "register"])
async def test_an_endpoint_for_programs_takes_post_alone(stage: Stage, endpoint: str) -> None:
    """Anything else is 405, with Allow."""
    response = await stage.http.get(f"{OAUTH}/{endpoint}")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


async def test_a_page_of_another_origin_may_redeem_its_code(stage: Stage) -> None:
    """The preflight lets a form through with any header but Authorization, without cookies."""
    page = {"Origin": "http://127.0.0.1:9000"}
    asking = page | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-requested-with",
    }
    preflight = await stage.http.options(f"{OAUTH}/token", headers=asking)
    code = (await stage.consent("demo-cli", redirect_uri="http://127.0.0.1/callback"))["code"]
    form = {
        "grant_type": "authorization_code",
        "client_id": "demo-cli",
        "code_verifier": VERIFIER,
        "redirect_uri": "http://127.0.0.1/callback",
    }
    answers = [preflight, *[await stage.post("token", page, code=code, **form) for _ in range(2)]]
    assert [answer.status_code for answer in answers] == [204, 200, 400]
    assert preflight.headers["access-control-allow-methods"] == "POST"
    assert preflight.headers["access-control-allow-headers"] == "*"
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("endpoint", ["authorize", "introspect", "revoke", "register"])
async def test_no_other_endpoint_answers_pages_of_other_origins(
    stage: Stage, endpoint: str
) -> None:
    """Only what a page of another origin needs is open to it."""
    page = {"Origin": "http://127.0.0.1:9000", "Access-Control-Request-Method": "POST"}
    answer = await stage.http.options(f"{OAUTH}/{endpoint}", headers=page)
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        pytest.param(b"a=" + b"x" * 65_534, FORM, 401, id="64 KiB"),
        pytest.param(b"a=" + b"x" * 65_535, FORM, 413, id="a byte more"),
        pytest.param(b"a=1&a=2", FORM, 400, id="a parameter twice"),
        pytest.param(b"&".join(b"a%d=1" % i for i in range(101)), FORM, 400, id="too many"),
        pytest.param(b"a=%FF", FORM, 400, id="no utf-8"),
        pytest.param(b"a=\xc3\xa9", FORM, 400, id="not encoded"),
        pytest.param(b'{"a":1}', "application/json", 400, id="json"),
        pytest.param(b"--b\r\n--b--", "multipart/form-data; boundary=b", 400, id="multipart"),
        pytest.param(b"a=1", f"{FORM}; charset=UTF-8", 401, id="with charset"),
        pytest.param(b"a=1", "", 400, id="no media type"),
    ],
)
async def test_a_form_is_bounded_and_well_formed(
    stage: Stage, content: bytes, media_type: str, status: int
) -> None:
    """What is not is refused before anything else is looked at."""
    headers = {"Content-Type": media_type}
    response = await stage.http.post(f"{OAUTH}/revoke", content=content, headers=headers)
    assert response.status_code == status
    assert response.json()["error"] == ("invalid_client" if status == 401 else "invalid_request")


@pytest.mark.parametrize("path", [f"{OAUTH}/authorize", "/v1/auth/clients/new"])
async def test_a_form_of_a_page_is_bounded_too(stage: Stage, path: str) -> None:
    """The refusal is a page."""
    response = await stage.http.post(path, data={"a": "x" * 70_000})
    assert response.status_code == 413
    assert response.headers["content-type"].startswith("text/html")


async def test_parameters_in_the_address_are_no_parameters(stage: Stage) -> None:
    """Of a token request only the body counts, so secrets stay out of logs."""
    path = "token?grant_type=client_credentials"
    assert refused(await stage.post(path, basic("demo-service"))) == (400, "invalid_request")


async def test_an_apikey_is_ignored_everywhere(stage: Stage) -> None:
    """As header and as parameter; some client software sends it beside OAuth."""
    documents: list[Any] = ["/.well-known/oauth-authorization-server", f"{OAUTH}/jwks"]
    for path in documents:
        response = await stage.http.get(path, params={"apikey": "k"}, headers={"apikey": "k"})
        assert response.status_code == 200
    for endpoint in ("introspect", "revoke"):
        headers = basic("demo-service") | {"apikey": "k"}
        assert (await stage.post(f"{endpoint}?apikey=k", headers, token="t")).status_code == 200


async def test_no_log_holds_a_token_or_a_secret(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Though Authlib would write whole token responses to its debug log."""
    caplog.set_level(logging.DEBUG)
    token = await stage.tokens()
    for secret in (token["access_token"], token["refresh_token"], "web-5000-callback"):
        assert secret not in caplog.text
