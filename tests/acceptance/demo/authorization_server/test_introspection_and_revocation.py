"""Introspection reports active tokens; revocation ends them."""

import pytest

from tests.acceptance.demo.authorization_server.harness import (
    OAUTH,
    ORIGIN,
    RESOURCE,
    Harness,
    basic,
    error_of,
    ok_json,
)


@pytest.mark.parametrize(
    "client_id", ["demo-api", "demo-web"], ids=["resource server", "its client"]
)
async def test_access_token_is_introspected_by_a_resource_server_and_by_its_client(
    harness: Harness, client_id: str
) -> None:
    """A resource server receives the tokens of every client, so it may introspect them all."""
    token = await harness.tokens(scope="read write")
    facts = await harness.introspect(token["access_token"], client_id)
    claims = await harness.claims(token["access_token"])
    assert facts == claims | {"active": True, "token_type": "Bearer", "username": "ada"}
    assert facts["iss"] == ORIGIN
    assert facts["aud"] == RESOURCE


async def test_token_of_another_client_is_reported_inactive(harness: Harness) -> None:
    """Anyone may register a client, and could otherwise read the user of a leaked token."""
    token = await harness.tokens()
    own = {"grant_types": ["client_credentials"]}
    client = ok_json(await harness.http.post(f"{OAUTH}/register", json=own))
    stranger = basic(client["client_id"], client["client_secret"])
    for headers in (stranger, basic("demo-service")):
        for each in ("access_token", "refresh_token"):
            response = await harness.post("introspect", headers, token=token[each])
            assert ok_json(response) == {"active": False}


async def test_refresh_token_is_introspected_by_its_own_client_only(harness: Harness) -> None:
    """A resource server never receives refresh tokens, so it gets `inactive`."""
    token = (await harness.tokens())["refresh_token"]
    assert await harness.introspect(token, "demo-api") == {"active": False}
    facts = await harness.introspect(token, "demo-web")
    assert facts["active"] is True
    assert facts["sub"] == "u-ada-5f1c7e90"
    assert "token_type" not in facts


async def test_client_credentials_token_introspects_with_the_client_as_subject(
    harness: Harness,
) -> None:
    """There is no username."""
    response = await harness.post("token", basic("demo-service"), grant_type="client_credentials")
    facts = await harness.introspect(ok_json(response)["access_token"])
    assert facts["sub"] == facts["client_id"] == "demo-service"
    assert "username" not in facts


async def test_unknown_altered_and_expired_tokens_are_inactive_and_nothing_more(
    harness: Harness,
) -> None:
    """The response has no other member."""
    token = (await harness.tokens())["access_token"]
    for wrong in ("guess", "é", f"{token}x", token[:-1]):
        assert await harness.introspect(wrong) == {"active": False}
    harness.clock.now += 300
    assert await harness.introspect(token) == {"active": False}


async def test_wrong_or_unknown_token_type_hint_is_ignored(harness: Harness) -> None:
    """This holds at both endpoints (RFC 7009 §2.1)."""
    token = (await harness.tokens())["access_token"]
    for hint in ("refresh_token", "unheard_of"):
        data = {"token": token, "token_type_hint": hint}
        assert ok_json(await harness.post("introspect", basic("demo-web"), **data))["active"]
    data = {"token": token, "token_type_hint": "unheard_of"}
    ok_json(await harness.post("revoke", basic("demo-web"), **data))
    assert await harness.introspect(token) == {"active": False}


async def test_public_client_is_rejected_at_introspection(harness: Harness) -> None:
    """A caller without a secret can't be identified."""
    response = await harness.post("introspect", client_id="demo-cli", token="any")
    assert error_of(response) == (401, "invalid_client")


async def test_revoking_a_refresh_token_revokes_its_family(harness: Harness) -> None:
    """Introspection reports it immediately."""
    token = await harness.tokens()
    again = ok_json(await harness.refresh(token["refresh_token"]))
    response = await harness.post("revoke", basic("demo-web"), token=again["refresh_token"])
    assert ok_json(response) == {}
    assert error_of(await harness.refresh(again["refresh_token"])) == (400, "invalid_grant")
    assert await harness.introspect(again["access_token"]) == {"active": False}
    # The JWT itself stays valid for a resource server that only verifies its signature.
    assert (await harness.claims(again["access_token"]))["sub"] == "u-ada-5f1c7e90"


async def test_revoking_an_access_token_keeps_the_refresh_token(harness: Harness) -> None:
    """The client returned one token; the consent remains."""
    token = await harness.tokens()
    ok_json(await harness.post("revoke", basic("demo-web"), token=token["access_token"]))
    assert await harness.introspect(token["access_token"]) == {"active": False}
    ok_json(await harness.refresh(token["refresh_token"]))


async def test_public_client_revokes_its_own_token_by_client_id(harness: Harness) -> None:
    """It identifies itself as at the token endpoint."""
    uri = f"{ORIGIN}/v1/fastapi/docs/oauth2-redirect"
    token = (await harness.tokens("demo-cli", redirect_uri=uri))["refresh_token"]
    ok_json(await harness.post("revoke", client_id="demo-cli", token=token))
    data = {"grant_type": "refresh_token", "client_id": "demo-cli", "refresh_token": token}
    assert error_of(await harness.post("token", **data)) == (400, "invalid_grant")


async def test_revoking_the_token_of_another_client_is_rejected(harness: Harness) -> None:
    """The token stays active."""
    token = (await harness.tokens())["refresh_token"]
    response = await harness.post("revoke", basic("demo-service"), token=token)
    assert error_of(response) == (400, "invalid_grant")
    ok_json(await harness.refresh(token))


async def test_revoking_an_unknown_token_succeeds(harness: Harness) -> None:
    """The token can't be used, which is the purpose of the request (RFC 7009 §2.2)."""
    ok_json(await harness.post("revoke", basic("demo-web"), token="guess"))


async def test_introspection_and_revocation_without_a_token_are_rejected(harness: Harness) -> None:
    """The error is invalid_request at both endpoints."""
    for endpoint in ("introspect", "revoke"):
        response = await harness.post(endpoint, basic("demo-web"), token="")
        assert error_of(response) == (400, "invalid_request")
