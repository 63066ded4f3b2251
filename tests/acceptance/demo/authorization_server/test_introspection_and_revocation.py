"""Introspection tells what still stands; revocation ends it."""

import pytest

from tests.acceptance.demo.authorization_server.stage import (
    OAUTH,
    ORIGIN,
    RESOURCE,
    Stage,
    accepted,
    basic,
    refused,
)


@pytest.mark.parametrize("asks", ["demo-api", "demo-web"], ids=["resource server", "its client"])
async def test_an_access_token_is_introspected_by_whoever_may_know(stage: Stage, asks: str) -> None:
    """A resource server, which is sent the tokens of every client, and the client it is for."""
    token = await stage.tokens(scope="read write")
    facts = await stage.introspect(token["access_token"], asks)
    claims = await stage.claims(token["access_token"])
    assert facts == claims | {"active": True, "token_type": "Bearer", "username": "ada"}
    assert facts["iss"] == ORIGIN
    assert facts["aud"] == RESOURCE


async def test_no_other_client_learns_whose_a_token_is(stage: Stage) -> None:
    """Anybody may register one, and would be told a person's name for a token that leaked."""
    token = await stage.tokens()
    own = {"grant_types": ["client_credentials"]}
    client = accepted(await stage.http.post(f"{OAUTH}/register", json=own))
    stranger = basic(client["client_id"], client["client_secret"])
    for headers in (stranger, basic("demo-service")):
        for each in ("access_token", "refresh_token"):
            answer = await stage.post("introspect", headers, token=token[each])
            assert accepted(answer) == {"active": False}


async def test_a_refresh_token_is_introspected_by_its_own_client(stage: Stage) -> None:
    """A resource server is never sent one, so it may not even ask."""
    token = (await stage.tokens())["refresh_token"]
    assert await stage.introspect(token, "demo-api") == {"active": False}
    facts = await stage.introspect(token, "demo-web")
    assert facts["active"] is True
    assert facts["sub"] == "u-ada-5f1c7e90"
    assert "token_type" not in facts


async def test_a_client_that_acts_for_itself_is_the_subject(stage: Stage) -> None:
    """There is no username then."""
    response = await stage.post("token", basic("demo-service"), grant_type="client_credentials")
    facts = await stage.introspect(accepted(response)["access_token"])
    assert facts["sub"] == facts["client_id"] == "demo-service"
    assert "username" not in facts


async def test_whatever_does_not_stand_is_inactive_and_nothing_more(stage: Stage) -> None:
    """Unknown, altered and expired tokens look alike."""
    token = (await stage.tokens())["access_token"]
    for wrong in ("guess", "é", f"{token}x", token[:-1]):
        assert await stage.introspect(wrong) == {"active": False}
    stage.clock.now += 300
    assert await stage.introspect(token) == {"active": False}


async def test_a_hint_never_misleads(stage: Stage) -> None:
    """A wrong or an unknown hint is ignored at both endpoints (RFC 7009 §2.1)."""
    token = (await stage.tokens())["access_token"]
    for hint in ("refresh_token", "unheard_of"):
        data = {"token": token, "token_type_hint": hint}
        assert accepted(await stage.post("introspect", basic("demo-web"), **data))["active"]
    data = {"token": token, "token_type_hint": "unheard_of"}
    accepted(await stage.post("revoke", basic("demo-web"), **data))
    assert await stage.introspect(token) == {"active": False}


async def test_a_public_client_cannot_introspect(stage: Stage) -> None:
    """Nobody would know who asks."""
    response = await stage.post("introspect", client_id="demo-cli", token="any")
    assert refused(response) == (401, "invalid_client")


async def test_revoking_a_refresh_token_ends_its_family(stage: Stage) -> None:
    """Whoever introspects learns it at once."""
    token = await stage.tokens()
    again = accepted(await stage.refresh(token["refresh_token"]))
    response = await stage.post("revoke", basic("demo-web"), token=again["refresh_token"])
    assert accepted(response) == {}
    assert refused(await stage.refresh(again["refresh_token"])) == (400, "invalid_grant")
    assert await stage.introspect(again["access_token"]) == {"active": False}
    # The JWT itself is as good as ever, for those who only look at its signature.
    assert (await stage.claims(again["access_token"]))["sub"] == "u-ada-5f1c7e90"


async def test_revoking_an_access_token_leaves_the_refresh_token(stage: Stage) -> None:
    """The client gave one token back, not its consent."""
    token = await stage.tokens()
    accepted(await stage.post("revoke", basic("demo-web"), token=token["access_token"]))
    assert await stage.introspect(token["access_token"]) == {"active": False}
    accepted(await stage.refresh(token["refresh_token"]))


async def test_a_public_client_revokes_its_own_token(stage: Stage) -> None:
    """By naming itself, as at the token endpoint."""
    uri = f"{ORIGIN}/v1/fastapi/docs/oauth2-redirect"
    token = (await stage.tokens("demo-cli", redirect_uri=uri))["refresh_token"]
    accepted(await stage.post("revoke", client_id="demo-cli", token=token))
    data = {"grant_type": "refresh_token", "client_id": "demo-cli", "refresh_token": token}
    assert refused(await stage.post("token", **data)) == (400, "invalid_grant")


async def test_nobody_revokes_the_token_of_another_client(stage: Stage) -> None:
    """It is refused, and the token stands."""
    token = (await stage.tokens())["refresh_token"]
    response = await stage.post("revoke", basic("demo-service"), token=token)
    assert refused(response) == (400, "invalid_grant")
    accepted(await stage.refresh(token))


async def test_revoking_what_does_not_exist_succeeds(stage: Stage) -> None:
    """It cannot be used any more, which is all that was wanted (RFC 7009 §2.2)."""
    accepted(await stage.post("revoke", basic("demo-web"), token="guess"))


async def test_a_token_must_be_named(stage: Stage) -> None:
    """At both endpoints."""
    for endpoint in ("introspect", "revoke"):
        response = await stage.post(endpoint, basic("demo-web"), token="")
        assert refused(response) == (400, "invalid_request")
