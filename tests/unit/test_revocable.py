"""Revocable: a guard without a deny-list refuses to revoke."""

from collections.abc import Awaitable, Callable

import pytest

from oauth_guard import ConfigurationError, Guard
from tests.acceptance.standards.api import ISSUER, Api


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("revoke", lambda guard: guard.revoke(ISSUER, sid="s1")),
        ("revoke_all", lambda guard: guard.revoke_all(ISSUER)),
        ("claims_changed", lambda guard: guard.claims_changed(ISSUER, sid="s1")),
    ],
    ids=["one", "all", "changed"],
)
async def test_guard_without_a_deny_list_refuses_to_add_an_entry(
    name: str, call: Callable[[Guard], Awaitable[None]]
) -> None:
    """It would have no effect; the text says what to write."""
    with pytest.raises(ConfigurationError, match=rf"{name}\(\) needs Guard.*deny_list=DenyList"):
        await call(Api().guard)
