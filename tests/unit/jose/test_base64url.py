"""decode_base64url: one canonical spelling, without padding."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.jose.base64url import decode_base64url


@given(st.binary())
def test_decoding_reverses_encoding(data: bytes) -> None:
    """What RFC 7515 appendix C encodes is decoded to the same bytes."""
    assert decode_base64url(base64.urlsafe_b64encode(data).rstrip(b"=")) == data


@pytest.mark.parametrize(
    "segment",
    [
        pytest.param(b"AA==", id="padding"),
        pytest.param(b"A+/A", id="plain base64"),
        pytest.param(b"AA AA", id="white space"),
        pytest.param(b"A", id="one character"),
        pytest.param(b"AB", id="unused bits after one byte"),
        pytest.param(b"AAB", id="unused bits after two bytes"),
    ],
)
def test_other_spelling_is_refused(segment: bytes) -> None:
    """Each byte string has one spelling, so a token can't be respelled."""
    with pytest.raises(ValueError, match="base64url"):
        decode_base64url(segment)
