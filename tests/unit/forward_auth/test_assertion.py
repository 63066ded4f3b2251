"""An assertion is a token of 60 seconds that a guard validates by the published keys."""

import json
from typing import Any

import pytest

from oauth_guard import Guard, JWTIssuer
from oauth_guard.errors import ConfigurationError, InvalidToken
from oauth_guard.forward_auth import Assertion
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import MovableClock
from tests.builders.reverse_proxy import signing_key_pem

EDGE, ORDERS = "https://edge.test", "https://orders.test"
FIRST, SECOND = signing_key_pem(), signing_key_pem()
ALICE = Identity("https://login.test", "alice", "shop", frozenset({"b", "a"}), frozenset({"ops"}))


async def validated(signed: str, assertion: Assertion, clock: MovableClock) -> Identity:
    """Return the caller as the application behind the proxy sees it."""
    issuer = JWTIssuer(EDGE, keys=json.loads(assertion.key_set), types=["JWT"])
    guard = Guard(ORDERS, [issuer], token_header="X-Auth-Assertion", clock=clock)
    headers = [(b"x-auth-assertion", signed.encode())]
    return await guard.authenticate(ResourceRequest({"headers": headers}))


async def test_assertion_names_the_caller_for_60_seconds() -> None:
    """Validated as a token of the operator's own issuer."""
    clock = MovableClock()
    assertion = Assertion(EDGE, ORDERS, key=[FIRST], clock=clock)
    signed = assertion.sign(ALICE)
    caller = await validated(signed, assertion, clock)
    assert (caller.issuer, caller.subject, caller.client_id) == (EDGE, "alice", "shop")
    assert (caller.scopes, caller.roles) == (ALICE.scopes, ALICE.roles)
    assert caller.claims["subject_issuer"] == "https://login.test"
    assert caller.claims["exp"] - caller.claims["iat"] == 60
    assert "groups" not in caller.claims
    clock.advance(200)
    with pytest.raises(InvalidToken):
        await validated(signed, assertion, clock)


async def test_each_key_is_published_and_the_first_signs() -> None:
    """So a key can be published before it signs."""
    clock = MovableClock()
    before = Assertion(EDGE, ORDERS, key=[FIRST, SECOND.decode()], clock=clock)
    after = Assertion(EDGE, ORDERS, key=[SECOND, FIRST], clock=clock)
    names = [each["kid"] for each in json.loads(before.key_set)["keys"]]
    assert names == [each["kid"] for each in json.loads(after.key_set)["keys"]][::-1]
    assert (await validated(after.sign(ALICE), before, clock)).subject == "alice"
    assert all(b'"d"' not in each.key_set for each in (before, after))


async def test_assertion_of_a_key_that_is_not_published_is_rejected() -> None:
    """As any token of another key."""
    clock = MovableClock()
    published = Assertion(EDGE, ORDERS, key=[FIRST], clock=clock)
    with pytest.raises(InvalidToken):
        await validated(
            Assertion(EDGE, ORDERS, key=[SECOND], clock=clock).sign(ALICE), published, clock
        )


@pytest.mark.parametrize("keys", [[], b"x", ["x"], [b""]])
def test_unusable_key_is_rejected(keys: Any) -> None:
    """The text does not show it."""
    with pytest.raises(ConfigurationError, match="Assertion"):
        Assertion(EDGE, ORDERS, key=keys)


def test_repr_shows_no_key() -> None:
    """It is safe to log."""
    assert repr(Assertion(EDGE, ORDERS, key=FIRST)) == f"Assertion({EDGE!r}, {ORDERS!r})"
