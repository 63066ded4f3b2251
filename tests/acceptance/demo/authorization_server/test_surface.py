"""The public surface: metadata, keys, methods, CORS and input limits."""

import logging
from typing import Any

import pytest

from tests.acceptance.demo.authorization_server.harness import (
    OAUTH,
    ORIGIN,
    VERIFIER,
    Harness,
    basic,
    error_of,
)

METADATA = {
    "jwks_uri": f"{ORIGIN}{OAUTH}/jwks",
    "scopes_supported": ["openid", "read", "write"],
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
    "acr_values_supported": ["password"],
    "authorization_response_iss_parameter_supported": True,
    "dpop_signing_alg_values_supported": ["ES256"],
    "client_id_metadata_document_supported": True,
}


async def test_metadata_lists_every_endpoint_and_each_responds(harness: Harness) -> None:
    """Scripts of other origins may read the document."""
    response = await harness.http.get("/.well-known/oauth-authorization-server")
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
        assert (await harness.http.get(address)).status_code in {200, 400, 405}


async def test_jwks_contains_one_public_key_with_a_kid(harness: Harness) -> None:
    """It is a P-256 key without its private part, readable from other origins."""
    response = await harness.http.get(f"{OAUTH}/jwks")
    assert response.headers["access-control-allow-origin"] == "*"
    (key,) = response.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert key["alg"] == "ES256"


@pytest.mark.parametrize("endpoint", ["token", "introspect", "revoke", "register"])
async def test_program_endpoint_rejects_other_methods_than_post(
    harness: Harness, endpoint: str
) -> None:
    """The status is 405, with Allow."""
    response = await harness.http.get(f"{OAUTH}/{endpoint}")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


async def test_token_endpoint_allows_cross_origin_requests_without_credentials(
    harness: Harness,
) -> None:
    """The preflight allows any header but Authorization, and no cookies."""
    page = {"Origin": "http://127.0.0.1:9000"}
    asking = page | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-requested-with",
    }
    preflight = await harness.http.options(f"{OAUTH}/token", headers=asking)
    code = (await harness.consent("demo-cli", redirect_uri="http://127.0.0.1/callback"))["code"]
    form = {
        "grant_type": "authorization_code",
        "client_id": "demo-cli",
        "code_verifier": VERIFIER,
        "redirect_uri": "http://127.0.0.1/callback",
    }
    responses = [
        preflight,
        *[await harness.post("token", page, code=code, **form) for _ in range(2)],
    ]
    assert [response.status_code for response in responses] == [204, 200, 400]
    assert preflight.headers["access-control-allow-methods"] == "POST"
    assert preflight.headers["access-control-allow-headers"] == "*"
    for response in responses:
        assert response.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("endpoint", ["authorize", "introspect", "revoke", "register"])
async def test_other_endpoints_reject_cross_origin_preflights(
    harness: Harness, endpoint: str
) -> None:
    """A page of another origin needs the token endpoint only."""
    page = {"Origin": "http://127.0.0.1:9000", "Access-Control-Request-Method": "POST"}
    response = await harness.http.options(f"{OAUTH}/{endpoint}", headers=page)
    assert response.status_code == 405
    assert "access-control-allow-origin" not in response.headers


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        pytest.param(b"a=" + b"x" * 65_534, FORM, 401, id="64 KiB"),
        pytest.param(b"a=" + b"x" * 65_535, FORM, 413, id="one byte more"),
        pytest.param(b"a=1&a=2", FORM, 400, id="a parameter twice"),
        pytest.param(b"&".join(b"a%d=1" % i for i in range(101)), FORM, 400, id="too many"),
        pytest.param(b"a=%FF", FORM, 400, id="not utf-8"),
        pytest.param(b"a=\xc3\xa9", FORM, 400, id="not encoded"),
        pytest.param(b'{"a":1}', "application/json", 400, id="json"),
        pytest.param(b"--b\r\n--b--", "multipart/form-data; boundary=b", 400, id="multipart"),
        pytest.param(b"a=1", f"{FORM}; charset=UTF-8", 401, id="with charset"),
        pytest.param(b"a=1", "", 400, id="no media type"),
    ],
)
async def test_form_that_is_too_large_or_malformed_is_rejected(
    harness: Harness, content: bytes, media_type: str, status: int
) -> None:
    """It is rejected before the client is authenticated."""
    headers = {"Content-Type": media_type}
    response = await harness.http.post(f"{OAUTH}/revoke", content=content, headers=headers)
    assert response.status_code == status
    assert response.json()["error"] == ("invalid_client" if status == 401 else "invalid_request")


@pytest.mark.parametrize("path", [f"{OAUTH}/authorize", "/v1/auth/clients/new"])
async def test_page_form_that_is_too_large_gets_an_error_page(harness: Harness, path: str) -> None:
    """The limit is the same as for programs."""
    response = await harness.http.post(path, data={"a": "x" * 70_000})
    assert response.status_code == 413
    assert response.headers["content-type"].startswith("text/html")


async def test_token_request_parameters_in_the_query_are_ignored(harness: Harness) -> None:
    """Only the body counts, so secrets stay out of access logs."""
    path = "token?grant_type=client_credentials"
    assert error_of(await harness.post(path, basic("demo-service"))) == (400, "invalid_request")


async def test_apikey_parameter_and_header_are_ignored(harness: Harness) -> None:
    """Some client software sends an `apikey` beside OAuth."""
    documents: list[Any] = ["/.well-known/oauth-authorization-server", f"{OAUTH}/jwks"]
    for path in documents:
        response = await harness.http.get(path, params={"apikey": "k"}, headers={"apikey": "k"})
        assert response.status_code == 200
    for endpoint in ("introspect", "revoke"):
        headers = basic("demo-service") | {"apikey": "k"}
        assert (await harness.post(f"{endpoint}?apikey=k", headers, token="t")).status_code == 200


async def test_debug_log_contains_no_token_or_secret(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    """Authlib would write whole token responses to its debug log."""
    caplog.set_level(logging.DEBUG)
    token = await harness.tokens()
    for secret in (token["access_token"], token["refresh_token"], "web-5000-callback"):
        assert secret not in caplog.text
