"""The pytest plugin: fixtures for a local issuer and its clock, and a check for leftovers.

PYTEST_DONT_REWRITE: there is no `assert` here, so pytest needs no warning that the module was
imported before it could be rewritten.
"""

import pytest

from oauth_guard.testing.clock import MovableClock
from oauth_guard.testing.issuer import LocalIssuer
from oauth_guard.testing.trust import restore_leftovers

__all__ = ["oauth_clock", "oauth_issuer", "pytest_runtest_setup"]


@pytest.fixture
def oauth_clock() -> MovableClock:
    """Return the clock of `oauth_issuer`, and of each guard that trusts it by `trusting`."""
    return MovableClock()


@pytest.fixture
def oauth_issuer(oauth_clock: MovableClock) -> LocalIssuer:
    """Return a local issuer with a clock that moves only by `oauth_clock.advance(seconds)`."""
    return LocalIssuer(clock=oauth_clock)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail *item* if the body of an earlier test has left a guard that trusts a local issuer."""
    del item
    if sentences := restore_leftovers():
        pytest.fail("\n".join(sentences), pytrace=False)
