"""Refresh tokens: each works once, and a second use ends the family."""

import pytest

from tests.acceptance.demo.authorization_server.stage import Stage, accepted, refused


async def test_each_refresh_brings_the_next_refresh_token(stage: Stage) -> None:
    """The new access token says the same as the first."""
    first = await stage.tokens(scope="read write")
    stage.clock.now += 1000
    second = accepted(await stage.refresh(first["refresh_token"]))
    third = accepted(await stage.refresh(second["refresh_token"]))
    before = await stage.claims(first["access_token"])
    after = await stage.claims(third["access_token"])
    for name in ("sub", "aud", "client_id", "scope", "auth_time"):
        assert before[name] == after[name]
    assert after["iat"] == before["iat"] + 1000
    assert after["jti"] != before["jti"]


async def test_a_spent_refresh_token_ends_its_family(stage: Stage) -> None:
    """Whoever comes second, the thief or the client, neither keeps anything."""
    first = await stage.tokens()
    second = accepted(await stage.refresh(first["refresh_token"]))
    assert refused(await stage.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert refused(await stage.refresh(second["refresh_token"])) == (400, "invalid_grant")
    assert await stage.introspect(second["access_token"]) == {"active": False}


async def test_the_end_of_one_family_leaves_the_others(stage: Stage) -> None:
    """Two consents of the same person to the same client are two families."""
    one, other = await stage.tokens(), await stage.tokens()
    accepted(await stage.refresh(one["refresh_token"]))
    await stage.refresh(one["refresh_token"])
    accepted(await stage.refresh(other["refresh_token"]))


async def test_a_client_may_ask_for_less_for_one_access_token(stage: Stage) -> None:
    """The refresh token keeps the whole scope; more than it is refused."""
    first = await stage.tokens(scope="read write")
    less = accepted(await stage.refresh(first["refresh_token"], scope="read"))
    assert less["scope"] == "read"
    whole = accepted(await stage.refresh(less["refresh_token"]))
    assert whole["scope"] == "read write"
    narrow = await stage.tokens(scope="read")
    more = await stage.refresh(narrow["refresh_token"], scope="read write")
    assert refused(more) == (400, "invalid_scope")


async def test_a_refresh_token_is_bound_to_its_client(stage: Stage) -> None:
    """Another client cannot use it, and its own still can."""
    token = await stage.tokens()
    foreign = await stage.refresh(token["refresh_token"], "demo-service")
    assert refused(foreign) == (400, "invalid_grant")
    accepted(await stage.refresh(token["refresh_token"]))


async def test_a_public_client_refreshes_without_a_secret(stage: Stage) -> None:
    """Rotation is its protection."""
    token = await stage.tokens("demo-cli", redirect_uri="http://127.0.0.1:49152/callback")
    data = {"grant_type": "refresh_token", "client_id": "demo-cli"}
    again = await stage.post("token", **data, refresh_token=token["refresh_token"])
    accepted(again)


@pytest.mark.parametrize(
    "token", ["guess", "é", "x" * 5000], ids=["a guess", "odd letters", "a long one"]
)
async def test_an_unknown_refresh_token_is_refused(stage: Stage, token: str) -> None:
    """As is an access token in its place."""
    assert refused(await stage.refresh(token)) == (400, "invalid_grant")


async def test_an_access_token_does_not_refresh(stage: Stage) -> None:
    """It is for the resource alone."""
    token = await stage.tokens()
    assert refused(await stage.refresh(token["access_token"])) == (400, "invalid_grant")


async def test_a_refresh_token_ends_after_thirty_days(stage: Stage) -> None:
    """The person is asked again then."""
    token = await stage.tokens()
    stage.clock.now += 30 * 24 * 3600
    assert refused(await stage.refresh(token["refresh_token"])) == (400, "invalid_grant")
