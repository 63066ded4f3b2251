"""read_subprotocols: a token among the subprotocols that a page offers (RFC 6455 §1.9)."""

from collections.abc import Sequence
from typing import NamedTuple

from oauth_guard.errors import InvalidRequest, Reason
from oauth_guard.jose.base64url import decode_base64url

__all__ = ["SUBPROTOCOLS", "OfferedSubprotocols", "read_subprotocols", "without_tokens"]

SUBPROTOCOLS = b"sec-websocket-protocol"
"""The name of the header field, in lower case."""

_PAIR = "bearer"
_ENCODED = "base64url.bearer"
_PREFIX = f"{_ENCODED}."


class OfferedSubprotocols(NamedTuple):
    """The subprotocols that a client offers.

    Attributes:
        tokens: The tokens among them, decoded, in order.
        reply: The name to select if the application selects none; None if none was offered.
        others: The names that are for the application.
    """

    tokens: tuple[bytes, ...]
    reply: str | None
    others: tuple[str, ...]


def read_subprotocols(offered: Sequence[str]) -> OfferedSubprotocols:
    """Separate tokens from names: a page can't set `Authorization` on a WebSocket.

    A token is sent as `base64url.bearer.` and its base64url encoding, beside the fixed name
    `base64url.bearer`; or as it is, after the fixed name `bearer`. The tokens are not checked.

    Raises:
        InvalidRequest: An encoded token can't be decoded.
    """
    tokens, others = list[bytes](), list[str]()
    reply = None
    names = iter(offered)
    for name in names:
        if name.startswith(_PREFIX):
            try:
                tokens.append(decode_base64url(name.removeprefix(_PREFIX).encode()))
            except ValueError:
                raise InvalidRequest(Reason.MALFORMED_CREDENTIALS) from None
        elif name == _ENCODED:
            reply = name
        elif name == _PAIR and (token := next(names, None)) is not None:
            # A server may have decoded bytes that are not ASCII as surrogates.
            tokens.append(token.encode("utf-8", "replace"))
            reply = name
        else:
            others.append(name)
    return OfferedSubprotocols(tuple(tokens), reply, tuple(others))


def without_tokens(offered: Sequence[str]) -> list[str]:
    """Return the names that are for the application; none if a token can't be decoded."""
    try:
        return list(read_subprotocols(offered).others)
    except InvalidRequest:
        return []
