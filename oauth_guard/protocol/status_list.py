"""StatusList: the statuses of many tokens in one document (Token Status List, draft 21)."""

import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.base64url import decode_base64url
from oauth_guard.jose.jws import JWS
from oauth_guard.protocol.claim_settings import media_type

__all__ = ["STATUS_LIST", "StatusList", "StatusReference", "read_status_list", "status_reference"]

STATUS_LIST = "application/statuslist+jwt"
"""The media type of a status list token (§8.2)."""

_TYPE = "statuslist+jwt"
_MAX_BYTES = 4 * 1024 * 1024  # of a decompressed list: 33 million tokens of one bit
_BITS = {1, 2, 4, 8}
_LEEWAY = 60  # seconds


class StatusReference(NamedTuple):
    """Where the status of a token is: the URI of a list, and its `idx` there."""

    uri: str
    position: int


class StatusList(NamedTuple):
    """A decompressed status list; its `repr` contains every byte.

    Attributes:
        bits: How many bits each status has.
        statuses: The bytes that contain them, from the least significant bit on.
        expires_at: When it must no longer be used, in seconds since the epoch; None if it does not
            say.
        ttl: For how many seconds it may be cached; None if it does not say.
    """

    bits: int
    statuses: bytes
    expires_at: float | None
    ttl: float | None

    def is_valid(self, index: int) -> bool:
        """Return whether the status at *index* is 0x00, valid (§7.1); every other one is not.

        Raises:
            InvalidToken: The list has no such index.
        """
        number, offset = divmod(index * self.bits, 8)
        if number >= len(self.statuses):
            raise InvalidToken(Reason.MALFORMED_CLAIM).about(claim="status")
        return self.statuses[number] >> offset & (1 << self.bits) - 1 == 0


def status_reference(claims: Mapping[str, Any]) -> StatusReference | None:
    """Return where the status of a token with these *claims* is (§6.2); None if it has none.

    Raises:
        InvalidToken: Its `status` is malformed, or has no status list.
    """
    if "status" not in claims:
        return None
    status = claims["status"]
    reference = status.get("status_list") if isinstance(status, Mapping) else None
    if isinstance(reference, Mapping):
        uri, index = reference.get("uri"), reference.get("idx")
        if isinstance(uri, str) and type(index) is int and index >= 0:
            return StatusReference(uri, index)
    raise InvalidToken(Reason.MALFORMED_CLAIM).about(claim="status")


def read_status_list(signed: JWS, uri: str, now: float) -> StatusList:
    """Check and return a status list (§5.1, §8.3). Its signature is not verified here.

    Args:
        signed: The status list token.
        uri: The URI that the token refers to.
        now: The current time, in seconds since the epoch.

    Raises:
        ValueError: It is another kind of token, for another URI, expired, malformed, or longer
            than 4 MiB once it is decompressed.
    """
    claims = signed.claims
    if signed.header.type is None or media_type(signed.header.type) != _TYPE:
        raise ValueError("the type is not statuslist+jwt")
    if claims.get("sub") != uri:
        raise ValueError("sub is another URI")
    issued_at, expires_at, ttl = (_seconds(claims, name) for name in ("iat", "exp", "ttl"))
    if issued_at is None or issued_at > now + _LEEWAY:
        raise ValueError("iat is missing or in the future")
    if expires_at is not None and now >= expires_at:
        raise ValueError("the list is expired")
    members = claims.get("status_list")
    if not isinstance(members, Mapping) or type(bits := members.get("bits")) is not int:
        raise ValueError("status_list is missing or malformed")
    compressed = members.get("lst")
    if bits not in _BITS or not isinstance(compressed, str):
        raise ValueError("bits or lst is wrong")
    return StatusList(bits, _decompress(compressed), expires_at, ttl)


def _decompress(compressed: str) -> bytes:
    data = decode_base64url(compressed.encode())
    decompressor = zlib.decompressobj()
    try:
        statuses = decompressor.decompress(data, _MAX_BYTES)
    except zlib.error:
        raise ValueError("lst is not compressed by zlib") from None
    if not decompressor.eof or decompressor.unused_data:  # longer than the limit, or cut off
        raise ValueError("lst is too long, or incomplete")
    return statuses


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ValueError(f"{name} is no positive number")
    return float(value)
