"""CrossOrigin: which scripts of other origins may call the resource (Fetch standard §3.2).

It behaves like Starlette's `CORSMiddleware` that allows every method and header.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Self

from oauth_guard.errors import ConfigurationError, ForeignOrigin
from oauth_guard.protocol.challenge import CHALLENGE_HEADER
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.urls import serialize_origin

__all__ = [
    "ANY_ORIGIN",
    "CrossOrigin",
    "Headers",
    "check_origin",
    "has_origin",
    "is_preflight",
    "preflight_response_headers",
]

Headers = Sequence[tuple[bytes, bytes]]

ANY_ORIGIN = (b"access-control-allow-origin", b"*")
"""The header field that lets scripts of every origin read a response."""

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9.:\[\]-]+")
_METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS")
_HEADERS = (b"authorization", b"dpop", b"content-type")  # `*` would not cover Authorization
_PREFLIGHT_MAX_AGE = b"600"
_EXPOSED = (CHALLENGE_HEADER, b"dpop-nonce")
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_MAX_REFLECTED = 4096  # bytes
_FOREIGN_SITES = frozenset({b"cross-site", b"same-site"})
_ORIGIN_LENGTH = len(b"origin")


def has_origin(headers: Headers) -> bool:
    """Return whether a request has an `Origin` field: whether CORS applies to it."""
    for name, _ in headers:  # noqa: SIM110 - any() costs more than the loop
        if len(name) == _ORIGIN_LENGTH and name.lower() == b"origin":
            return True
    return False


def check_origin(request: ResourceRequest, resource: str, allowed: Collection[bytes]) -> None:
    """Check who sent a request whose token a proxy has written, perhaps for a cookie.

    A browser sends the cookie with requests of every site, so a page of another origin could act
    for the user. Browsers omit `Origin` from a GET or HEAD that needs no CORS: of those, one that
    `Sec-Fetch-Site` calls foreign is rejected unless a user navigates to it, by a link for example.
    Such a navigation passes, as it does for a cookie with `SameSite=Lax`; therefore a GET must not
    change anything. A request without both fields passes: no current browser sends one for a page
    of another site.
    Source: Fetch Metadata Request Headers, W3C Working Draft, §2

    Raises:
        ForeignOrigin: There are several origins, or the one is neither that of *resource* nor
            *allowed*, where `*` allows none; or there is none, and another site sent the request.
    """
    origins = request.values_of(b"origin")
    if origins:
        known = {serialize_origin(resource), *allowed} - {b"*"}
        if len(origins) > 1 or origins[0] not in known:
            raise ForeignOrigin
    elif not _FOREIGN_SITES.isdisjoint(request.values_of(b"sec-fetch-site")):
        modes, targets = request.values_of(b"sec-fetch-mode"), request.values_of(b"sec-fetch-dest")
        reads = request.method in {"GET", "HEAD"} and modes == [b"navigate"]
        if not reads or targets != [b"document"]:
            raise ForeignOrigin


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


def preflight_response_headers(headers: Headers) -> Headers:
    """Return the fields that allow what a preflight requests, in addition to `response_headers`.

    Each requested method and header is allowed, since what may be done is decided by the token.
    A list that is malformed or longer than 4096 bytes is not reflected.
    """
    methods = _reflected(headers, b"access-control-request-method")
    names = [name.lower() for name in _reflected(headers, b"access-control-request-headers")]
    return (
        (b"access-control-allow-methods", _joined(_METHODS, methods)),
        (b"access-control-allow-headers", _joined(_HEADERS, names)),
        (b"access-control-max-age", _PREFLIGHT_MAX_AGE),
    )


@dataclass(frozen=True, slots=True)
class CrossOrigin:
    """The origins whose scripts may call the resource and read its responses and challenges.

    Attributes:
        origins: Such as `https://app.example.com`, or `*` for all.
        exposed: The response header fields that scripts may read, as one field value.
    """

    origins: frozenset[bytes]
    exposed: bytes

    @classmethod
    def of(cls, origins: Iterable[str], expose: Iterable[str] = ()) -> Self:
        """Read the configured *origins*, and the names of header fields to *expose*.

        Raises:
            ConfigurationError: One is not an origin, or not the name of a header field, or there
                are names without origins.
        """
        for setting, value in (("cors", origins), ("cors_expose", expose)):
            if isinstance(value, str):
                raise ConfigurationError(f'{setting}= takes a list: {setting}=["{value}"].')
        allowed, names = frozenset(map(_origin, origins)), tuple(map(_field_name, expose))
        if names and not allowed:
            raise ConfigurationError("cors_expose= needs cors=, the origins of the scripts.")
        return cls(allowed, _joined(_EXPOSED, names))

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
            (b"access-control-expose-headers", self.exposed),
            (b"vary", b"origin"),
        )


def _origin(origin: str) -> bytes:
    if origin != "*" and not _ORIGIN.fullmatch(origin):
        raise ConfigurationError(
            f'cors= takes origins like "https://app.example.com", or "*", not {origin!r}.'
        )
    return origin.encode("ascii")


def _field_name(name: object) -> bytes:
    if not isinstance(name, str) or not name.isascii() or not _TOKEN.fullmatch(name.encode()):
        raise ConfigurationError(
            f'cors_expose= takes names of header fields like "mcp-session-id", not {name!r}.'
        )
    return name.lower().encode()


def _joined(*lists: Iterable[bytes]) -> bytes:
    return b", ".join(dict.fromkeys(chain(*lists)))


def _reflected(headers: Headers, field: bytes) -> list[bytes]:
    """Return the tokens in the lines of *field*; none if one is malformed (RFC 9110 §5.6.1)."""
    value = b",".join(value for name, value in headers if name.lower() == field)
    if len(value) > _MAX_REFLECTED:
        return []
    items = [item for item in map(bytes.strip, value.split(b",")) if item]
    return items if all(map(_TOKEN.fullmatch, items)) else []
