"""Base64url is decoded only from its canonical encoding without padding."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.jose.base64url import decode_base64url
from tests.unit.protocol.properties import BOUNDED


@BOUNDED
@given(st.binary())
def test_encoded_bytes_are_decoded_to_the_same_bytes(data: bytes) -> None:
    """The encoding is that of RFC 7515 appendix C."""
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
def test_segment_in_a_non_canonical_encoding_is_rejected(segment: bytes) -> None:
    """Each byte string has one accepted encoding, so a token has no second valid form."""
    with pytest.raises(ValueError, match="base64url"):
        decode_base64url(segment)
