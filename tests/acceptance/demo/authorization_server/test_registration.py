"""Registration by programs: what may be registered, and that it works (RFC 7591)."""

import json
from typing import Any

import httpx
import pytest

from tests.acceptance.demo.authorization_server.stage import (
    OAUTH,
    VERIFIER,
    Stage,
    accepted,
    answer_in,
    basic,
    refused,
)

CALLBACK = ["https://client.example/cb"]


async def register(stage: Stage, metadata: Any) -> httpx.Response:
    """Register what *metadata* says."""
    headers = {"Content-Type": "application/json"}
    return await stage.http.post(f"{OAUTH}/register", content=json.dumps(metadata), headers=headers)


async def test_a_client_registers_and_signs_a_person_in(stage: Stage) -> None:
    """The answer holds all that was registered, and the secret once."""
    metadata = {
        "client_name": "Payroll",
        "redirect_uris": CALLBACK,
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "read write",
        "logo_uri": "https://client.example/logo.png",
    }
    response = await register(stage, metadata)
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    client = response.json()
    client_id, secret = client.pop("client_id"), client.pop("client_secret")
    assert client == {
        "client_name": "Payroll",
        "redirect_uris": CALLBACK,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "read write",
        "token_endpoint_auth_method": "client_secret_basic",
        "client_id_issued_at": int(stage.clock.now),
        "client_secret_expires_at": 0,
    }
    answer = await stage.consent(client_id, scope="write")
    data = {"grant_type": "authorization_code", "code_verifier": VERIFIER}
    token = accepted(
        await stage.post("token", basic(client_id, secret), **data, code=answer["code"])
    )
    assert token["scope"] == "write"
    assert token["refresh_token"]


async def test_little_needs_to_be_said(stage: Stage) -> None:
    """What is left out gets the default of RFC 7591, or the least."""
    client = accepted(await register(stage, {"redirect_uris": CALLBACK}))
    assert client["grant_types"] == ["authorization_code"]
    assert client["response_types"] == ["code"]
    assert client["token_endpoint_auth_method"] == "client_secret_basic"
    assert client["scope"] == "read"
    page = await stage.sign_in(await stage.authorize(client["client_id"]))
    code = answer_in(await stage.submit(page, action="allow"))["code"]
    headers = basic(client["client_id"], client["client_secret"])
    data = {"grant_type": "authorization_code", "code_verifier": VERIFIER, "code": code}
    assert "refresh_token" not in accepted(await stage.post("token", headers, **data))


async def test_a_public_client_gets_no_secret(stage: Stage) -> None:
    """It has nowhere to keep one."""
    metadata = {"redirect_uris": CALLBACK, "token_endpoint_auth_method": "none"}
    client = accepted(await register(stage, metadata))
    assert "client_secret" not in client
    assert "client_secret_expires_at" not in client
    code = (await stage.consent(client["client_id"]))["code"]
    accepted(await stage.redeem(code, client["client_id"]))


async def test_a_client_gets_no_more_than_it_registered(stage: Stage) -> None:
    """A scope outside its own is refused, and its own is the default."""
    metadata = {"grant_types": ["client_credentials"], "scope": "write"}
    client = accepted(await register(stage, metadata))
    headers = basic(client["client_id"], client["client_secret"])
    data = {"grant_type": "client_credentials"}
    assert accepted(await stage.post("token", headers, **data))["scope"] == "write"
    more = await stage.post("token", headers, **data, scope="read")
    assert refused(more) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"redirect_uris": []}, "invalid_redirect_uri", id="no redirect_uri"),
        pytest.param({"redirect_uris": ["http://a.test/"]}, "invalid_redirect_uri", id="http"),
        pytest.param({"redirect_uris": "https://a.test"}, "invalid_client_metadata", id="text"),
        pytest.param({"redirect_uris": [1]}, "invalid_client_metadata", id="number"),
        pytest.param({"redirect_uris": CALLBACK * 11}, "invalid_client_metadata", id="eleven"),
        pytest.param({"grant_types": ["password"]}, "invalid_client_metadata", id="password"),
        pytest.param({"grant_types": ["implicit"]}, "invalid_client_metadata", id="implicit"),
        pytest.param({"grant_types": []}, "invalid_client_metadata", id="no grant"),
        pytest.param({"grant_types": [{}]}, "invalid_client_metadata", id="grant, no text"),
        pytest.param({"grant_types": ["refresh_token"]}, "invalid_client_metadata", id="refresh"),
        pytest.param({"response_types": ["token"]}, "invalid_client_metadata", id="token"),
        pytest.param({"response_types": []}, "invalid_client_metadata", id="no response"),
        pytest.param({"scope": "read admin"}, "invalid_client_metadata", id="unknown scope"),
        pytest.param({"scope": 5}, "invalid_client_metadata", id="scope, no text"),
        pytest.param({"scope": " "}, "invalid_client_metadata", id="empty scope"),
        pytest.param({"client_name": "a\nb"}, "invalid_client_metadata", id="name of two lines"),
        pytest.param({"client_name": "\ud800"}, "invalid_client_metadata", id="half a letter"),
        pytest.param({"client_name": "x" * 201}, "invalid_client_metadata", id="long name"),
        pytest.param({"client_name": None}, "invalid_client_metadata", id="null name"),
        pytest.param(
            {"token_endpoint_auth_method": "private_key_jwt"},
            "invalid_client_metadata",
            id="unknown method",
        ),
        pytest.param(
            {"token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]},
            "invalid_client_metadata",
            id="public client for itself",
        ),
    ],
)
async def test_bad_metadata_is_refused(stage: Stage, changes: dict[str, Any], error: str) -> None:
    """With the code that RFC 7591 §3.2.2 has for it."""
    response = await register(stage, {"redirect_uris": CALLBACK} | changes)
    assert refused(response) == (400, error)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"{}", id="nothing in it"),
        pytest.param(b"\xff", id="no text"),
        pytest.param(b"[" * 60_000, id="deep"),
    ],
)
async def test_a_body_that_is_no_json_object_is_refused(stage: Stage, body: bytes) -> None:
    """Before anything is read from it."""
    headers = {"Content-Type": "application/json"}
    response = await stage.http.post(f"{OAUTH}/register", content=body, headers=headers)
    assert response.status_code == 400
