"""The pytest plugin: its fixtures, and the check for guards that a test left changed."""

import pytest

from oauth_guard.testing import LocalIssuer, MovableClock

TEST = """
from oauth_guard import Guard, JWTIssuer
from oauth_guard.testing import challenge, invalid_token, trusting
from oauth_guard.testing.trust import acquire

guard = Guard("https://api.test", [JWTIssuer("https://login.test")])

def test_leaves_the_guard_changed(oauth_issuer):
    acquire(guard, oauth_issuer)

def test_after_that():
    pass

def test_guard_is_restored():
    with trusting(guard):
        pass
"""


def test_issuer_uses_the_clock(oauth_issuer: LocalIssuer, oauth_clock: MovableClock) -> None:
    """A token that is issued after the clock was advanced is issued later."""
    before = oauth_issuer.claims()["iat"]
    oauth_clock.advance(60)
    assert oauth_issuer.claims()["iat"] == before + 60


def test_test_after_one_that_left_a_guard_changed_fails(pytester: pytest.Pytester) -> None:
    """The sentence names the test that has left it; the test after that is not affected."""
    pytester.makepyfile(TEST)
    result = pytester.runpytest_inprocess(
        "-p", "oauth_guard.testing.plugin", "-o", "asyncio_default_fixture_loop_scope=function"
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["*Guard('https://api.test'*test_leaves_the_guard_changed*when that test had ended*"]
    )
