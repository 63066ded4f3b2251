"""Refresh tokens: each works once, and a second use revokes the family."""

import pytest

from tests.acceptance.demo.authorization_server.harness import Harness, error_of, ok_json


async def test_refresh_issues_a_new_token_pair_with_the_same_claims(harness: Harness) -> None:
    """Only iat, exp and jti differ."""
    first = await harness.tokens(scope="read write")
    harness.clock.now += 1000
    second = ok_json(await harness.refresh(first["refresh_token"]))
    third = ok_json(await harness.refresh(second["refresh_token"]))
    before = await harness.claims(first["access_token"])
    after = await harness.claims(third["access_token"])
    for name in ("sub", "aud", "client_id", "scope", "auth_time"):
        assert before[name] == after[name]
    assert after["iat"] == before["iat"] + 1000
    assert after["jti"] != before["jti"]


async def test_reused_refresh_token_revokes_its_family(harness: Harness) -> None:
    """One of the two uses is a theft, so both lose their tokens."""
    first = await harness.tokens()
    second = ok_json(await harness.refresh(first["refresh_token"]))
    assert error_of(await harness.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert error_of(await harness.refresh(second["refresh_token"])) == (400, "invalid_grant")
    assert await harness.introspect(second["access_token"]) == {"active": False}


async def test_revoked_family_leaves_other_families_active(harness: Harness) -> None:
    """Two consents of one person to one client are two families."""
    one, other = await harness.tokens(), await harness.tokens()
    ok_json(await harness.refresh(one["refresh_token"]))
    await harness.refresh(one["refresh_token"])
    ok_json(await harness.refresh(other["refresh_token"]))


async def test_refresh_may_narrow_the_scope_and_never_widen_it(harness: Harness) -> None:
    """The refresh token keeps the whole scope (RFC 6749 §6)."""
    first = await harness.tokens(scope="read write")
    less = ok_json(await harness.refresh(first["refresh_token"], scope="read"))
    assert less["scope"] == "read"
    whole = ok_json(await harness.refresh(less["refresh_token"]))
    assert whole["scope"] == "read write"
    narrow = await harness.tokens(scope="read")
    more = await harness.refresh(narrow["refresh_token"], scope="read write")
    assert error_of(more) == (400, "invalid_scope")


async def test_refresh_token_of_another_client_is_rejected_and_stays_usable(
    harness: Harness,
) -> None:
    """Its own client can still use it."""
    token = await harness.tokens()
    foreign = await harness.refresh(token["refresh_token"], "demo-service")
    assert error_of(foreign) == (400, "invalid_grant")
    ok_json(await harness.refresh(token["refresh_token"]))


async def test_public_client_refreshes_without_a_secret(harness: Harness) -> None:
    """Rotation protects its refresh token."""
    token = await harness.tokens("demo-cli", redirect_uri="http://127.0.0.1:49152/callback")
    data = {"grant_type": "refresh_token", "client_id": "demo-cli"}
    again = await harness.post("token", **data, refresh_token=token["refresh_token"])
    ok_json(again)


@pytest.mark.parametrize(
    "token", ["guess", "é", "x" * 5000], ids=["a guess", "unusual characters", "a long one"]
)
async def test_unknown_refresh_token_is_rejected(harness: Harness, token: str) -> None:
    """The error is invalid_grant."""
    assert error_of(await harness.refresh(token)) == (400, "invalid_grant")


async def test_access_token_in_place_of_a_refresh_token_is_rejected(harness: Harness) -> None:
    """The error is invalid_grant."""
    token = await harness.tokens()
    assert error_of(await harness.refresh(token["access_token"])) == (400, "invalid_grant")


async def test_refresh_token_expires_after_thirty_days(harness: Harness) -> None:
    """The person must consent again."""
    token = await harness.tokens()
    harness.clock.now += 30 * 24 * 3600
    assert error_of(await harness.refresh(token["refresh_token"])) == (400, "invalid_grant")
