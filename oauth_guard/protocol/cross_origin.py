"""CrossOrigin: which scripts of other origins may call the resource (Fetch standard §3.2)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.challenge import CHALLENGE_HEADER

__all__ = ["PREFLIGHT_HEADERS", "CrossOrigin", "is_preflight"]

Headers = Sequence[tuple[bytes, bytes]]

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9.:\[\]-]+")
_ALLOWED_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_ALLOWED_HEADERS = b"authorization, dpop, content-type"  # `*` would not cover Authorization
_PREFLIGHT_MAX_AGE = b"600"
_EXPOSED_HEADERS = CHALLENGE_HEADER + b", dpop-nonce"

PREFLIGHT_HEADERS = (
    (b"access-control-allow-methods", _ALLOWED_METHODS),
    (b"access-control-allow-headers", _ALLOWED_HEADERS),
    (b"access-control-max-age", _PREFLIGHT_MAX_AGE),
)
"""The header fields of the response to an allowed preflight, beside `response_headers`."""


def is_preflight(method: str, headers: Headers) -> bool:
    """Return whether a request is a CORS preflight, which never has credentials."""
    if method != "OPTIONS":
        return False
    names = [name.lower() for name, _ in headers]
    return (
        names.count(b"origin") == 1
        and names.count(b"access-control-request-method") == 1
        and b"authorization" not in names
    )


@dataclass(frozen=True, slots=True)
class CrossOrigin:
    """The origins whose scripts may call the resource and read its responses and challenges.

    Attributes:
        origins: Such as `https://app.example.com`, or `*` for all.
    """

    origins: frozenset[bytes]

    @classmethod
    def of(cls, origins: Iterable[str]) -> Self:
        """Read the configured *origins*.

        Raises:
            ConfigurationError: One is not an origin.
        """
        if isinstance(origins, str):
            raise ConfigurationError(f'cors= takes a list: cors=["{origins}"].')
        return cls(frozenset(map(_origin, origins)))

    def response_headers(self, headers: Headers) -> Headers:
        """Return the header fields that let the script behind a request read the response."""
        if not self.origins:
            return ()
        origins = [value for name, value in headers if name.lower() == b"origin"]
        allowed = self.origins.intersection((*origins, b"*"))
        if len(origins) != 1 or not allowed:
            return ()
        return (
            (b"access-control-allow-origin", min(allowed)),  # `*` sorts before any origin
            (b"access-control-expose-headers", _EXPOSED_HEADERS),
            (b"vary", b"origin"),
        )


def _origin(origin: str) -> bytes:
    if origin != "*" and not _ORIGIN.fullmatch(origin):
        raise ConfigurationError(
            f'cors= takes origins like "https://app.example.com", or "*", not {origin!r}.'
        )
    return origin.encode("ascii")
