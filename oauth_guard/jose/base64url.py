"""Base64url without padding, in its one canonical spelling (RFC 7515 §2)."""

import binascii

__all__ = ["decode_base64url"]

# What base64 alone has becomes what neither has.
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/***")
# How a segment may end whose last character carries unused bits, which must be zero.
_CANONICAL_END = {1: b"", 2: b"AQgw", 3: b"AEIMQUYcgkosw048"}


def decode_base64url(segment: bytes) -> bytes:
    """Decode base64url as RFC 7515 §2 writes it: no padding, nothing foreign, one spelling."""
    base64 = segment.translate(_TO_BASE64)
    if remainder := len(base64) % 4:
        if base64[-1] not in _CANONICAL_END[remainder]:
            raise ValueError("not canonical base64url")
        base64 += b"=" * (4 - remainder)
    try:
        return binascii.a2b_base64(base64, strict_mode=True)
    except ValueError:
        raise ValueError("not base64url") from None
