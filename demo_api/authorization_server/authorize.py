"""The authorization endpoint for people: sign in, consent, go back to the client."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error
from starlette.responses import RedirectResponse, Response

from demo_api.authorization_server.accounts import Account, AccountKind, check_password
from demo_api.authorization_server.browser_sessions import Browser
from demo_api.authorization_server.pages import error_page, page
from demo_api.authorization_server.requests import ServerRequest
from demo_api.authorization_server.server import Server
from demo_api.authorization_server.settings import AUTHORIZE, SCOPES

_STALE = "This page was open for too long or came from elsewhere. Please try again."
_WRONG = "That name and password do not go together. Please try again."


@dataclass(frozen=True)
class Visit:
    """One request of a browser to /authorize.

    The authorization request is the query string, on every page and in every form's address.
    It is judged anew each time, and the forms carry nothing of it: only what the person typed,
    and a value that ties the form to this browser and to this very query.
    """

    server: Server
    browser: Browser
    request: ServerRequest
    form: dict[str, str] | None

    def answer(self) -> Response:
        """Return the page or the redirect that is next."""
        try:
            grant = self.server.consent_grant(self.request)
        except OAuth2Error as error:
            if error.redirect_uri and self._may_go_back():
                return self.server.handle_error_response(self.request, error)
            return error_page(400, error.description or "The request is not valid.")
        if self.form is None:
            return self._ask(grant)
        if not self._form_is_ours(self.form):
            return self._ask(grant, 403, _STALE)
        return self._act(grant, self.form)

    def _may_go_back(self) -> bool:
        """Tell whether a bad request may send this browser on, though no page was shown.

        Anybody may register any address, and a link to us that ends there lends it our name. So
        a client that registered itself is not trusted with someone who is not signed in (RFC 9700
        §4.11.2). The others are, as RFC 6749 §4.1.2.1 wants it: the operator knows their addresses.
        """
        client = self.server.query_client(self.request.payload.client_id or "")
        signed_in = self.browser.signed_in(self.server.session, self.server.now)
        return client.registered_at is None or signed_in is not None

    def _act(self, grant: Any, form: dict[str, str]) -> Response:
        session, action = self.server.session, form.get("action")
        user = self.browser.signed_in(session, self.server.now)
        if action == "sign-in":
            return self._sign_in(grant, form)
        if action == "switch":
            self.browser.sign_out(session)
        elif user and action in {"allow", "deny"}:
            allowed = user if action == "allow" else None
            return self.server.authorization_response(self.request, grant, allowed)
        return self._ask(grant)

    def _sign_in(self, grant: Any, form: dict[str, str]) -> Response:
        session = self.server.session
        name, password = form.get("username", ""), form.get("password", "")
        account = check_password(session, name, password, AccountKind.PERSON)
        if account is None:
            return self._ask(grant, 200, _WRONG, name)
        renewed = self.browser.sign_in(session, account.subject, self.server.now)
        # By GET, so that reloading the next page does not send the password again.
        address = f"{AUTHORIZE}?{self._query}"
        onward = RedirectResponse(address, 303, {"Cache-Control": "no-store"})
        return self._mark(onward, renewed)

    def _ask(self, grant: Any, status: int = 200, alert: str = "", username: str = "") -> Response:
        user = self.browser.signed_in(self.server.session, self.server.now)
        values: dict[str, object] = {
            "alert": alert,
            "anti_forgery": self.browser.anti_forgery_value(self._key, self._query),
            "client": grant.client,
            "form_address": f"{AUTHORIZE}?{self._query}",
        }
        if user is None:
            return self._mark(page("sign_in.html", status, username=username, **values))
        account = self.server.session.get_one(Account, user.subject)
        values["scopes"] = {name: SCOPES[name] for name in grant.request.scope.split()}
        values["destination"] = _destination(grant.redirect_uri)
        return self._mark(page("consent.html", status, account=account, **values))

    def _form_is_ours(self, form: dict[str, str]) -> bool:
        return self.browser.sent_form(self._key, self._query, form.get("anti_forgery", ""))

    def _mark(self, response: Response, browser: Browser | None = None) -> Response:
        secure = self.server.settings.origin.startswith("https:")
        return (browser or self.browser).mark(response, secure=secure)

    @property
    def _query(self) -> str:
        return self.request.payload.encoded

    @property
    def _key(self) -> bytes:
        return self.server.settings.form_key


def _destination(redirect_uri: str) -> str:
    """Return where the browser goes next, short enough to be read."""
    parts = urlsplit(redirect_uri)
    return parts.netloc if parts.scheme in {"http", "https"} else f"the app {parts.scheme}"
