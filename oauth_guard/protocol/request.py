"""ResourceRequest: the frozen view of a request that the rules look at."""

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["ResourceRequest"]


class ResourceRequest(NamedTuple):
    """What of a request may decide who sent it.

    Attributes:
        method: The HTTP method, upper case; `GET` for a WebSocket handshake.
        headers: Name and value as received, in order; names in any case.
        secure: Whether it came over TLS, as far as the server knows.
        query: The query string, still encoded.
        form: The body, if it is a form and was read for a token in it.
    """

    method: str
    headers: Sequence[tuple[bytes, bytes]]
    secure: bool = False
    query: bytes = b""
    form: bytes | None = None

    def __repr__(self) -> str:
        return f"<ResourceRequest: {self.method}>"
