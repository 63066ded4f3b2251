"""A nonce is valid for the period that it was made in and for the next, and can't be guessed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.nonce import Nonces
from tests.unit.protocol.properties import BOUNDED

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
NOW = 1_750_000_020.0  # a period of 60 seconds begins here
NONCES = Nonces(KEY)


@pytest.mark.parametrize(
    ("seconds", "valid"),
    [
        (-120.5, False),
        (-1, False),
        (0, True),
        (59.9, True),
        (60, True),
        (119.9, True),
        (120, False),
    ],
)
def test_nonce_is_valid_for_two_periods(seconds: float, valid: bool) -> None:
    """The current one and the one before: never longer, and never before it is issued."""
    nonce = NONCES.issue(NOW)
    expiry = NONCES.expiry(nonce, NOW + seconds)
    assert expiry == (NOW + 120 if valid else None)


@BOUNDED
@given(st.floats(0, 4e9), st.floats(0, 8000), st.integers(5, 3600))
def test_nonce_ends_when_its_expiry_says(now: float, later: float, period: int) -> None:
    """A replay entry that lives until then lives as long as the nonce."""
    nonces = Nonces(KEY, period=period)
    nonce = nonces.issue(now)
    expiry = nonces.expiry(nonce, now)
    assert expiry is not None
    assert now + period < expiry <= now + 2 * period + 1e-3
    assert (nonces.expiry(nonce, now + later) == expiry) is (now + later < expiry)


def test_thousand_nonces_are_distinct_and_of_the_alphabet() -> None:
    """One for each period, of the characters that RFC 9449 §8.1 allows, 192 bits each."""
    issued = {NONCES.issue(NOW + 60 * each) for each in range(1000)}
    assert len(issued) == 1000
    assert all(re.fullmatch(r"[\x21\x23-\x5B\x5D-\x7E]{32}", each) for each in issued)


def test_processes_with_one_key_agree() -> None:
    """No store is needed."""
    assert Nonces([KEY, OTHER_KEY]).expiry(Nonces(KEY).issue(NOW), NOW)


def test_both_keys_verify_during_a_key_change() -> None:
    """The first makes nonces."""
    old, changing, new = Nonces(OTHER_KEY), Nonces([KEY, OTHER_KEY]), Nonces(KEY)
    assert changing.issue(NOW) == new.issue(NOW)
    assert changing.expiry(old.issue(NOW), NOW)
    assert changing.expiry(old.issue(NOW), NOW + 60)
    assert new.expiry(old.issue(NOW), NOW) is None


@pytest.mark.parametrize("change", ["", "x", "é", "\ud800", "a" * 32])
def test_made_up_nonce_is_refused(change: str) -> None:
    """Whatever it is."""
    assert NONCES.expiry(change, NOW) is None


def test_longer_or_shorter_nonce_is_refused() -> None:
    """No prefix is compared."""
    nonce = NONCES.issue(NOW)
    for changed in (nonce[:-1], nonce + "A", nonce.swapcase()):
        assert NONCES.expiry(changed, NOW) is None


@pytest.mark.parametrize("key", [b"", b"k" * 31, [], [KEY, b"short"], ["k" * 32]])
def test_short_key_is_refused(key: bytes | list[bytes]) -> None:
    """At start."""
    with pytest.raises(ConfigurationError, match="32 secret bytes"):
        Nonces(key)


@pytest.mark.parametrize("period", [-1, 0, 4, 3601])
def test_period_out_of_bounds_is_refused(period: int) -> None:
    """A nonce that ends before the client can use it, or lives for hours, is a mistake."""
    with pytest.raises(ConfigurationError, match="period="):
        Nonces(KEY, period=period)
