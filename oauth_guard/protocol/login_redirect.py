"""LoginRedirect: sends a person whose browser opens a page without a valid token to a login page.

Programs, scripts of pages and WebSockets get the 401 with its challenge: a redirect would hide
it from them.
"""

from dataclasses import dataclass
from typing import Self
from urllib.parse import quote

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.token_parameters import query_carries_token
from oauth_guard.protocol.urls import parse_url

__all__ = ["LoginRedirect"]

_TARGET = "{target}"
_UNAUTHORIZED, _FOUND = 401, 302
_MAX_TARGET = 2000  # bytes; servers and browsers bound the length of a URL
_NO_STORE = (b"cache-control", b"no-store")
_VARY = (b"vary", b"sec-fetch-mode")


@dataclass(frozen=True, slots=True)
class LoginRedirect:
    """The login page.

    Attributes:
        url: A path of the guarded application, or an absolute URL. `{target}` in it is replaced by
            path and query of the page that was opened, percent-encoded.
    """

    url: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the login page at *url*.

        Raises:
            ConfigurationError: *url* is neither a path nor an absolute URL.
        """
        filled = url.replace(_TARGET, "", 1)
        if not filled.startswith("/"):
            parse_url(filled, setting="login_redirect=")
        elif filled.startswith(("//", "/\\")) or _TARGET in filled or not _is_plain(filled):
            raise ConfigurationError(
                'login_redirect= takes a path, "/login?next={target}", or an absolute URL.'
            )
        return cls(url)

    @property
    def path(self) -> str | None:
        """The path in the guarded application; None for an absolute URL."""
        return self.url.partition("?")[0] if self.url.startswith("/") else None

    def instead_of(self, rejection: Rejection, request: ResourceRequest) -> Rejection:
        """Return the response to *request*: *rejection*, or the redirect in its place.

        A 401 is replaced if a browser opens a page with GET, which `Sec-Fetch-Mode: navigate`
        says (Fetch Metadata §2.2). A query that carries a token is left out of the target.
        """
        is_page = request.method == "GET" and request.values_of(b"sec-fetch-mode") == [b"navigate"]
        if rejection.status != _UNAUTHORIZED or not is_page:
            return rejection
        location = self.url.replace(_TARGET, quote(_target(request), safe=""))
        if self.path is not None:
            location = quote(request.root_path) + location
        return Rejection(_FOUND, ((b"location", location.encode("ascii")), _NO_STORE, _VARY), b"")


def _target(request: ResourceRequest) -> bytes:
    target = request.full_path
    if request.query and not query_carries_token(request.query):
        target += b"?" + request.query
    # A target that begins with two slashes names another host.
    is_path = target.startswith(b"/") and not target.startswith((b"//", b"/\\"))
    return target if is_path and len(target) <= _MAX_TARGET else b"/"


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and not set(text) & set(' "<>\\^`{|}#')
