"""The page on which a person registers a client."""

from typing import Any

from authlib.oauth2 import OAuth2Error
from starlette.responses import Response

from demo_api.authorization_server.browser_sessions import Browser
from demo_api.authorization_server.client_authentication import BASIC, NONE
from demo_api.authorization_server.pages import page
from demo_api.authorization_server.registration import RegistrationEndpoint
from demo_api.authorization_server.requests import Parameters, RegistrationRequest
from demo_api.authorization_server.server import Server
from demo_api.authorization_server.settings import DEFAULT_SCOPE, NEW_CLIENT, SCOPES, TOKEN

_STALE = "This page was open for too long or came from elsewhere. Please try again."
_GRANT_TYPES = {
    "web": ["authorization_code", "refresh_token"],
    "native": ["authorization_code", "refresh_token"],
    "service": ["client_credentials"],
}
_EMPTY = {"client_name": "", "kind": "web", "redirect_uris": ""}


def registration_page(server: Server, browser: Browser, sent: Parameters | None) -> Response:
    """Return the empty form, or what came of the one that was *sent*."""
    secure = server.settings.origin.startswith("https:")
    return browser.mark(_answer(server, browser, sent), secure=secure)


def _answer(server: Server, browser: Browser, sent: Parameters | None) -> Response:
    key = server.settings.form_key
    values: dict[str, Any] = {
        "anti_forgery": browser.anti_forgery_value(key, NEW_CLIENT),
        "form_address": NEW_CLIENT,
        "known_scopes": SCOPES,
    }
    if sent is None:
        return page("new_client.html", alert="", filled=_EMPTY, chosen={DEFAULT_SCOPE}, **values)
    form = sent.data
    values |= {"filled": _EMPTY | form, "chosen": set(sent.datalist.get("scope", []))}
    if not browser.sent_form(key, NEW_CLIENT, form.get("anti_forgery", "")):
        return page("new_client.html", 403, alert=_STALE, **values)
    try:
        request = RegistrationRequest(_metadata(sent))
        _, client, _ = RegistrationEndpoint(server).create_registration_response(request)
    except OAuth2Error as error:
        return page("new_client.html", 400, alert=error.description, **values)
    address = server.settings.origin + TOKEN
    return page("registered.html", 201, client=client, token_address=address)


def _metadata(sent: Parameters) -> dict[str, Any]:
    """Return the form in the words of RFC 7591."""
    form = sent.data
    kind = form.get("kind", "")
    return {
        "client_name": form.get("client_name", ""),
        "token_endpoint_auth_method": NONE if kind == "native" else BASIC,
        "grant_types": _GRANT_TYPES.get(kind, []),
        "redirect_uris": form.get("redirect_uris", "").split() if kind != "service" else [],
        "scope": " ".join(sent.datalist.get("scope", [])) or DEFAULT_SCOPE,
    }
