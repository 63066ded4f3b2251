"""A token as presented is taken apart once, and believed in nothing."""

import pytest

from oauth_guard.errors import InvalidToken
from oauth_guard.protocol.presented_token import PresentedToken
from tests.protocol.forging import CLAIMS, forge


def test_it_is_taken_apart_once() -> None:
    """However many look at it, they see the same parts."""
    token = PresentedToken(forge())
    assert token.signed.claims == CLAIMS
    assert token.signed is token.signed


def test_an_opaque_token_is_no_jws() -> None:
    """Its text is there for who can ask about it; taken apart it can't be."""
    token = PresentedToken("opaque")
    assert token.text == "opaque"
    for _ in range(2):
        with pytest.raises(InvalidToken):
            _ = token.signed
