"""The authorization endpoint for people: sign in, consent, redirect to the client."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error
from starlette.responses import RedirectResponse, Response

from demo_api import accounts
from demo_api.authorization_server.accounts import Account, AccountKind, SignIn, check_password
from demo_api.authorization_server.attempts import TooManyAttemptsError
from demo_api.authorization_server.browser_sessions import Browser
from demo_api.authorization_server.pages import error_page, page
from demo_api.authorization_server.requests import ServerRequest
from demo_api.authorization_server.server import Server
from demo_api.authorization_server.settings import AUTHORIZE, SCOPES
from demo_api.authorization_server.sign_in_rules import SignInRules

_STALE = "This page was open for too long or came from elsewhere. Please try again."
_PAUSE = "Too many attempts failed. Please wait {} seconds and try again."
_WRONG = "That name and password do not go together. Please try again."


@dataclass(frozen=True)
class Visit:
    """One request of a browser to /authorize.

    The authorization request is the query string of every page and of every form's address.
    It is validated on each request, and the forms hold no part of it: only the person's input and
    a value that binds the form to this browser and this query.
    """

    server: Server
    browser: Browser
    request: ServerRequest
    form: dict[str, str] | None

    def respond(self) -> Response:
        """Return the next page or redirect."""
        try:
            grant = self.server.consent_grant(self.request)
            rules = SignInRules.of(self.request.payload, grant.redirect_uri)
        except OAuth2Error as error:
            if error.redirect_uri and self._may_redirect_error():
                return self.server.handle_error_response(self.request, error)
            return error_page(400, error.description or "The request is not valid.")
        if self.form is None:
            return self._show_form(grant, rules)
        if not self._is_own_form(self.form):
            return self._show_form(grant, rules, 403, _STALE)
        return self._apply(grant, rules, self.form)

    def _may_redirect_error(self) -> bool:
        """Return whether an invalid request may redirect this browser before any page was shown.

        Anyone may register any address, and an attacker could use a link to this server as an
        open redirector. So the error is not redirected to a client that registered itself, unless
        a person is signed in (RFC 9700 §4.11.2). For other clients it is redirected, as RFC 6749
        §4.1.2.1 requires: the operator knows their addresses.
        """
        client = self.server.query_client(self.request.payload.client_id or "")
        signed_in = self.browser.signed_in(self.server.session, self.server.now)
        return client.registered_at is None or signed_in is not None

    def _apply(self, grant: Any, rules: SignInRules, form: dict[str, str]) -> Response:
        session, action = self.server.session, form.get("action")
        user = self._signed_in(rules)
        if action == "sign-in":
            return self._sign_in(grant, rules, form)
        if action == "switch":
            self.browser.sign_out(session)
        elif user and action in {"allow", "deny"}:
            allowed = user if action == "allow" else None
            self.browser.finish_request(session)
            return self.server.authorization_response(self.request, grant, allowed)
        return self._show_form(grant, rules)

    def _signed_in(self, rules: SignInRules) -> SignIn | None:
        """Return the person whose sign-in counts for this request."""
        server = self.server
        return self.browser.signed_in_for(server.session, server.now, self._query, rules)

    def _sign_in(self, grant: Any, rules: SignInRules, form: dict[str, str]) -> Response:
        session = self.server.session
        name, password = form.get("username", ""), form.get("password", "")
        known = self.browser.has_signed_in(self._key, name)
        attempts = self.server.attempts("known browser" if known else self.request.source)
        try:
            account = check_password(attempts, name, password, AccountKind.PERSON)
        except TooManyAttemptsError as error:
            page_of_pause = self._show_form(grant, rules, 429, _PAUSE.format(error.seconds), name)
            page_of_pause.headers["Retry-After"] = str(error.seconds)
            return page_of_pause
        if account is None:
            return self._show_form(grant, rules, 200, _WRONG, name)
        renewed = self.browser.sign_in(session, account.subject, self.server.now, self._query)
        renewed = renewed.known_for(self._key, name)
        # A redirect to GET, so that a reload of the next page does not send the password again.
        address = f"{AUTHORIZE}?{self._query}"
        redirect = RedirectResponse(address, 303, {"Cache-Control": "no-store"})
        return self._with_cookie(redirect, renewed)

    def _show_form(
        self,
        grant: Any,
        rules: SignInRules,
        status: int = 200,
        alert: str = "",
        username: str = "",
    ) -> Response:
        user = self._signed_in(rules)
        values: dict[str, object] = {
            "alert": alert,
            "anti_forgery": self.browser.anti_forgery_value(self._key, self._query),
            "client": grant.client,
            "form_address": f"{AUTHORIZE}?{self._query}",
        }
        if user is None:
            values |= {"username": username, "owners": accounts.RESOURCE_OWNERS}
            return self._with_cookie(page("sign_in.html", status, **values))
        account = self.server.session.get_one(Account, user.subject)
        values["scopes"] = {name: SCOPES[name] for name in grant.request.scope.split()}
        values["resources"] = self.server.resources_of(grant.request)
        values["destination"] = _destination(grant.redirect_uri)
        return self._with_cookie(page("consent.html", status, account=account, **values))

    def _is_own_form(self, form: dict[str, str]) -> bool:
        return self.browser.is_own_form(self._key, self._query, form.get("anti_forgery", ""))

    def _with_cookie(self, response: Response, browser: Browser | None = None) -> Response:
        secure = self.server.settings.origin.startswith("https:")
        return (browser or self.browser).set_cookie(response, secure=secure)

    @property
    def _query(self) -> str:
        return self.request.payload.encoded

    @property
    def _key(self) -> bytes:
        return self.server.settings.form_key


def _destination(redirect_uri: str) -> str:
    """Return the host or scheme of the redirect, for people to read."""
    parts = urlsplit(redirect_uri)
    return parts.netloc if parts.scheme in {"http", "https"} else f"the app {parts.scheme}"
