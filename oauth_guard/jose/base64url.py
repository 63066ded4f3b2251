"""Strict base64url decoding: no padding, one canonical encoding for each value (RFC 7515 §2)."""

import binascii

__all__ = ["decode_base64url"]

# Maps `-` and `_` to `+` and `/`. The characters that only base64 has become invalid ones.
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/***")
# The last characters whose unused bits are zero, by the number of characters in the last group.
_CANONICAL_END = {1: b"", 2: b"AQgw", 3: b"AEIMQUYcgkosw048"}


def decode_base64url(segment: bytes) -> bytes:
    """Decode base64url without padding (RFC 7515 §2).

    Raises:
        ValueError: *segment* has padding or a character outside the alphabet, or its unused bits
            are not zero; so no two accepted segments decode to the same bytes.
    """
    base64 = segment.translate(_TO_BASE64)
    if remainder := len(base64) % 4:
        if base64[-1] not in _CANONICAL_END[remainder]:
            raise ValueError("not canonical base64url")
        base64 += b"=" * (4 - remainder)
    try:
        return binascii.a2b_base64(base64, strict_mode=True)
    except ValueError:
        raise ValueError("not base64url") from None
