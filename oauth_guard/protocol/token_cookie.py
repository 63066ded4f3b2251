"""TokenCookie: an access token in a cookie, and which requests with it a page may cause.

A browser sends the cookie with the requests of every page, so a page of another origin could act
for the user. `SameSite` alone does not prevent it: sibling subdomains are of the same site.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from oauth_guard.errors import ConfigurationError, ForeignOrigin
from oauth_guard.protocol.urls import is_loopback, serialize_origin

__all__ = ["DEFAULT_TOKEN_COOKIE", "TokenCookie"]

Headers = Sequence[tuple[bytes, bytes]]

DEFAULT_TOKEN_COOKIE = "__Host-access_token"  # noqa: S105 - a name, no secret
"""The name of the cookie, unless `token_cookie=` gives another."""

_PREFIXES = ("__Host-", "__Secure-")
_SEPARATORS = frozenset('()<>@,;:\\"/[]?={} \t')
# Those of RFC 9110 §9.2.1 that pages can send.
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SAME_ORIGIN, _NAVIGATE = b"same-origin", b"navigate"
_FROM_OTHER_SITES = frozenset({b"same-site", b"cross-site"})


@dataclass(frozen=True, slots=True)
class TokenCookie:
    """The cookie that carries the token (RFC 6265 §5.4).

    Attributes:
        name: Its name.
        origin: The origin of the resource, as browsers serialize it.
    """

    name: bytes
    origin: bytes

    @classmethod
    def of(cls, name: str, resource: str) -> Self:
        """Return the cookie *name* of *resource*.

        Raises:
            ConfigurationError: *name* is no name of a cookie; or it lacks the prefix `__Host-` or
                `__Secure-` though the resource is not on a loopback host, so a page that is read
                over plain HTTP could set it (RFC 6265bis §4.1.3).
        """
        is_name = name.isascii() and name.isprintable() and not _SEPARATORS & set(name)
        if not name or not is_name:
            raise ConfigurationError(
                f'token_cookie= takes the name of a cookie, such as "{DEFAULT_TOKEN_COOKIE}".'
            )
        if not name.startswith(_PREFIXES) and not is_loopback(urlsplit(resource)):
            raise ConfigurationError(
                f'token_cookie= has no prefix: write "__Host-{name}", so that only pages of this '
                "host can set it, over HTTPS."
            )
        return cls(name.encode("ascii"), serialize_origin(resource))

    def values(self, headers: Headers) -> list[bytes]:
        """Return the values of the cookie in *headers*; several if several are sent."""
        found = []
        for field, value in headers:
            if field.lower() == b"cookie":
                for pair in value.split(b";"):
                    name, equals, content = pair.partition(b"=")
                    if equals and name.strip(b" \t") == self.name:
                        found.append(content.strip(b" \t"))
        return found

    def without(self, headers: Headers) -> list[tuple[bytes, bytes]]:
        """Return *headers* without the cookie; other cookies stay."""
        kept = []
        for field, value in headers:
            if field.lower() != b"cookie":
                kept.append((field, value))
                continue
            pairs = [
                pair.strip(b" \t")
                for pair in value.split(b";")
                if pair.partition(b"=")[0].strip(b" \t") != self.name
            ]
            if pairs:
                kept.append((field, b"; ".join(pairs)))
        return kept

    def check_page(
        self, method: str, headers: Headers, allowed: Collection[bytes], *, is_handshake: bool
    ) -> None:
        """Check which page caused a request that carries the cookie; others pass.

        If `Origin` is sent, it decides. Without it a request that may change something, or that
        opens a WebSocket, needs `Sec-Fetch-Site: same-origin`, and a request that only reads must
        not be from another site, unless a person follows a link. So a client that sends neither
        field, such as curl, only reads. Not checked: whether the page is in a frame.

        Args:
            method: The HTTP method.
            headers: All header fields of the request.
            allowed: The other origins whose pages may send it; `*` allows none.
            is_handshake: Whether it opens a WebSocket.

        Raises:
            ForeignOrigin: The page is of another origin, or that can't be known.
        """
        if not self.values(headers):
            return
        origins = _values(headers, b"origin")
        sites = _values(headers, b"sec-fetch-site")
        if origins:
            passes = len(origins) == 1 and origins[0] in {self.origin, *allowed} - {b"*"}
        elif is_handshake or method not in _SAFE_METHODS:
            passes = sites == [_SAME_ORIGIN]
        else:
            is_navigation = _values(headers, b"sec-fetch-mode") == [_NAVIGATE]
            passes = is_navigation or not _FROM_OTHER_SITES.intersection(sites)
        if not passes:
            raise ForeignOrigin


def _values(headers: Headers, name: bytes) -> Sequence[bytes]:
    return [value for field, value in headers if field.lower() == name]
