"""Token requests with a DPoP proof get tokens that are bound to its key (RFC 9449 §5)."""

import json
from typing import Any

import pytest

from oauth_guard.testing import DPoPKey
from tests.acceptance.demo.authorization_server.harness import (
    CREDENTIALS,
    OAUTH,
    ORIGIN,
    Harness,
    basic,
    error_of,
    ok_json,
    open_harness,
)

TOKEN = f"{ORIGIN}{OAUTH}/token"
KEY, OTHER = DPoPKey(), DPoPKey()


def proof(harness: Harness, key: DPoPKey = KEY, **changes: Any) -> dict[str, str]:
    """Return the field of a proof for the token endpoint."""
    issued = {"iat": int(harness.clock.now), "ath": None}
    return {"DPoP": key.proof("", "POST", TOKEN, **issued | changes)}


async def granted(harness: Harness, headers: dict[str, str]) -> dict[str, Any]:
    """Return the response to a client that asks for itself."""
    fields = basic("demo-service") | headers
    return ok_json(await harness.post("token", fields, grant_type="client_credentials"))


@pytest.mark.parametrize("opaque", [False, True], ids=["JWT", "opaque"])
async def test_token_is_bound_to_the_key_of_the_proof(opaque: bool) -> None:
    """In the token and in the introspection response; without a proof it is a bearer token."""
    async with open_harness(opaque=opaque) as harness:
        bound = await granted(harness, proof(harness))
        assert bound["token_type"] == "DPoP"
        facts = await harness.introspect(bound["access_token"])
        assert (facts["token_type"], facts["cnf"]) == ("DPoP", KEY.cnf)
        if not opaque:
            assert (await harness.claims(bound["access_token"]))["cnf"] == KEY.cnf
        plain = await granted(harness, {})
        assert plain["token_type"] == "Bearer"
        assert "cnf" not in await harness.introspect(plain["access_token"])


async def test_client_of_bound_tokens_gets_no_bearer_token(harness: Harness) -> None:
    """Its requests without a proof are rejected (RFC 9449 §5.2), whatever the grant."""
    account = CREDENTIALS["service_accounts"]["svc-etl"]
    password = {"username": "svc-etl", "password": account["password"]}
    for grant, form in {"client_credentials": {}, "password": password}.items():
        rejected = await harness.post("token", basic("dpop"), grant_type=grant, **form)
        assert error_of(rejected) == (400, "invalid_dpop_proof")
        fields = basic("dpop") | proof(harness)
        issued = ok_json(await harness.post("token", fields, grant_type=grant, **form))
        assert issued["token_type"] == "DPoP"


async def test_bound_refresh_token_needs_a_proof_of_its_key(harness: Harness) -> None:
    """A request without it does not spend the token."""
    code = (await harness.consent())["code"]
    data = {"grant_type": "authorization_code", "code": code}
    verifier = {"code_verifier": "a-verifier-that-is-long-enough-for-rfc-7636"}
    first = ok_json(
        await harness.post(
            "token", basic("demo-web") | proof(harness), **data, **verifier, redirect_uri=""
        )
    )
    renewal = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    for headers in ({}, proof(harness, OTHER)):
        refused = await harness.post("token", basic("demo-web") | headers, **renewal)
        assert error_of(refused) == (400, "invalid_grant")
    fields = basic("demo-web") | proof(harness)
    second = ok_json(await harness.post("token", fields, **renewal))
    assert (await harness.claims(second["access_token"]))["cnf"] == KEY.cnf


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"htm": "GET"}, id="another method"),
        pytest.param({"htu": f"{ORIGIN}/other"}, id="another address"),
        pytest.param({"iat": 0}, id="too old"),
        pytest.param({"iat": None}, id="no time"),
        pytest.param({"iat": "now"}, id="malformed time"),
        pytest.param({"jti": None}, id="no identifier"),
        pytest.param({"header": {"typ": "JWT"}}, id="another type"),
        pytest.param({"header": {"jwk": None}}, id="no key"),
        pytest.param({"header": {"jwk": OTHER.jwk}}, id="key of another"),
        pytest.param({"header": {"jwk": {**KEY.jwk, "d": "AA"}}}, id="private key"),
        pytest.param({"header": {"alg": "HS256"}}, id="another algorithm"),
    ],
)
async def test_malformed_proof_is_rejected(harness: Harness, changes: dict[str, Any]) -> None:
    """The token request fails, and no bearer token is issued in its place."""
    fields = basic("demo-service") | proof(harness, **changes)
    refused = await harness.post("token", fields, grant_type="client_credentials")
    assert error_of(refused) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize("value", ["", "x", "e30.e30.AA", json.dumps({})])
async def test_field_that_is_no_proof_is_rejected(harness: Harness, value: str) -> None:
    """As a malformed one."""
    fields = basic("demo-service") | {"DPoP": value}
    refused = await harness.post("token", fields, grant_type="client_credentials")
    assert error_of(refused) == (400, "invalid_dpop_proof")
