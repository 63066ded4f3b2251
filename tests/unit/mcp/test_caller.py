"""Callers: a guarded caller as the package mcp knows one."""

import asyncio

import pytest
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import principal_components

from oauth_guard import Identity
from oauth_guard.jose.frozen import freeze
from oauth_guard.mcp.caller import NOT_EXPOSED, AsCaller, Callers, access_token_of

RESOURCE = "https://mcp.example.com/mcp"


def _identity(**fields: object) -> Identity:
    return Identity(issuer="https://as.example.com", **fields)  # type: ignore[arg-type] # fields


def test_access_token_has_the_facts_of_the_identity() -> None:
    """Its principal is issuer, subject and client, and its text is a placeholder."""
    identity = _identity(
        subject="u1",
        client_id="c1",
        scopes=frozenset({"b", "a"}),
        claims=freeze({"exp": 1800000000.5, "iss": "other"}),
    )
    token = access_token_of(identity, RESOURCE, lambda: "raw")
    assert principal_components(token) == ("c1", "https://as.example.com", "u1")
    assert (token.scopes, token.expires_at, token.resource) == (["a", "b"], 1800000000, RESOURCE)
    assert token.token == NOT_EXPOSED


def test_caller_without_subject_is_identified_by_its_token() -> None:
    """Two tokens are two callers, and the token itself is not in the result."""
    first, again, second = (
        access_token_of(_identity(), RESOURCE, lambda text=text: text)  # type: ignore[misc] # str
        for text in ("first token", "first token", "second token")
    )
    assert principal_components(first) == principal_components(again)
    assert principal_components(first) != principal_components(second)
    assert "first token" not in str(first)
    assert first.expires_at is None


def test_exposed_token_is_the_raw_one() -> None:
    """If the guard was built with `expose_token=True`."""
    token = access_token_of(_identity(subject="u1", token="raw"), RESOURCE, lambda: "x")
    assert token.token == "raw"


def test_access_token_is_current_inside_the_block() -> None:
    """And it is not afterwards."""
    user = Callers(RESOURCE).user_of(_identity(subject="u1"), str)
    with AsCaller(user):
        assert get_access_token() is user.access_token
    assert get_access_token() is None


async def test_block_that_ends_in_another_context_raises_nothing() -> None:
    """As when the garbage collector ends a request."""
    block = AsCaller(Callers(RESOURCE).user_of(_identity(subject="u1"), str))

    async def enter() -> None:
        block.__enter__()

    await asyncio.create_task(enter())
    block.__exit__(None, None, None)
    assert get_access_token() is None


def test_user_of_an_identity_is_made_once_and_is_that_of_no_other() -> None:
    """An equal identity is another one, since its token may be another."""
    callers = Callers(RESOURCE)
    first, second = _identity(), _identity()
    users = [callers.user_of(first, lambda: "1"), callers.user_of(second, lambda: "2")]
    assert callers.user_of(first, lambda: "3") is users[0]
    assert users[0].access_token.subject != users[1].access_token.subject


def test_users_of_more_identities_than_are_kept_are_made_again() -> None:
    """The one that was seen first is dropped."""
    callers = Callers(RESOURCE)
    identities = [_identity(subject=str(number)) for number in range(1025)]
    users = [callers.user_of(each, str) for each in identities]
    assert callers.user_of(identities[-1], str) is users[-1]
    assert callers.user_of(identities[0], str) is not users[0]


@pytest.mark.parametrize("expires", ["never", None])
def test_expiry_that_is_no_number_is_left_out(expires: object) -> None:
    """An issuer of the user's own may write anything."""
    identity = _identity(subject="u1", claims=freeze({"exp": expires}))
    assert access_token_of(identity, RESOURCE, str).expires_at is None
