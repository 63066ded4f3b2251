"""BrowserAccess: how browsers that open pages are served: token cookie and login page."""

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.hidden_credentials import HiddenCredentials
from oauth_guard.protocol.login_redirect import LoginRedirect
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.token_cookie import DEFAULT_TOKEN_COOKIE, TokenCookie

__all__ = ["BrowserAccess", "BrowserSettings"]


class BrowserSettings(TypedDict, total=False):
    """Pages and their WebSockets, opened by a browser: keyword arguments of `Guard`.

    Attributes:
        token_cookie: The name of the cookie that carries the token, with
            `bearer_methods=["header", "cookie"]`; `"__Host-access_token"` by default. Which pages
            may send it: see `TokenCookie.check_page`. Responses are kept out of shared caches.
        login_redirect: Where a browser is sent that opens a page without a valid token, such as
            `"/login?next={target}"`; see `LoginRedirect`. Everyone else gets the 401.
        hide_credentials: Hide the header fields and the cookie that carried the caller's
            credentials from the application. A token in a query or a form stays there.
    """

    token_cookie: str
    login_redirect: str
    hide_credentials: bool


class BrowserAccess:
    """What a guard does for browsers, by its settings.

    Args:
        resource: The resource of the guard.
        bearer_methods: How a token may be sent.
        settings: The settings of the guard; see `BrowserSettings`.

    Attributes:
        token_cookie: The cookie that carries the token; None if none does.
        login_redirect: The login page; None if there is none.
        credentials: The header fields and the cookie that may carry the caller's credentials.
        hidden_credentials: What the application does not see; None if it sees all credentials.

    Raises:
        ConfigurationError: A setting is malformed, or has no effect.
    """

    def __init__(
        self,
        resource: str,
        bearer_methods: Iterable[str],
        settings: Mapping[str, Any],
    ) -> None:
        self.token_cookie: TokenCookie | None = None
        if "cookie" in bearer_methods:
            name = settings.get("token_cookie", DEFAULT_TOKEN_COOKIE)
            self.token_cookie = TokenCookie.of(name, resource)
        elif "token_cookie" in settings:
            raise ConfigurationError(
                'token_cookie= has no effect: write bearer_methods=["header", "cookie"].'
            )
        login = settings.get("login_redirect")
        self.login_redirect = None if login is None else LoginRedirect.of(login)
        self.credentials = HiddenCredentials(settings.get("token_header"), self.token_cookie)
        hides = settings.get("hide_credentials", False)
        self.hidden_credentials = self.credentials if hides else None

    def response_to(self, request: ResourceRequest | None, rejection: Rejection) -> Rejection:
        """Return *rejection*, or in its place the redirect to the login page; see `instead_of`."""
        if self.login_redirect is None or request is None:
            return rejection
        return self.login_redirect.instead_of(rejection, request)
