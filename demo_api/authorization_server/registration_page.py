"""The page on which a person registers a client."""

from typing import Any
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from starlette.responses import Response

from demo_api.authorization_server.browser_sessions import Browser
from demo_api.authorization_server.pages import page
from demo_api.authorization_server.registration import RegistrationEndpoint
from demo_api.authorization_server.registration_form import (
    MAX_NAME,
    Mistake,
    client_metadata,
    find_mistake,
)
from demo_api.authorization_server.requests import Parameters, RegistrationRequest
from demo_api.authorization_server.server import Server
from demo_api.authorization_server.settings import (
    AUTHORIZE,
    DEFAULT_SCOPE,
    NEW_CLIENT,
    SCOPES,
    TOKEN,
)

_STALE = "This page was open for too long or came from elsewhere. Please try again."
_EMPTY = {"client_name": "", "kind": "web", "redirect_uris": ""}


def registration_page(server: Server, browser: Browser, sent: Parameters | None) -> Response:
    """Return the empty form, or the result of the one that was *sent*."""
    secure = server.settings.origin.startswith("https:")
    return browser.set_cookie(_respond(server, browser, sent), secure=secure)


def _respond(server: Server, browser: Browser, sent: Parameters | None) -> Response:
    key = server.settings.form_key
    values: dict[str, Any] = {
        "anti_forgery": browser.anti_forgery_value(key, NEW_CLIENT),
        "form_address": NEW_CLIENT,
        "known_scopes": SCOPES,
    }
    if sent is None:
        return _form(200, None, filled=_EMPTY, chosen={DEFAULT_SCOPE}, **values)
    form = sent.data
    values |= {"filled": _EMPTY | form, "chosen": set(sent.datalist.get("scope", []))}
    if not browser.is_own_form(key, NEW_CLIENT, form.get("anti_forgery", "")):
        return _form(403, Mistake("", _STALE), **values)
    if mistake := find_mistake(form):
        return _form(400, mistake, **values)
    try:
        request = RegistrationRequest(client_metadata(sent))
        _, client, _ = RegistrationEndpoint(server).create_registration_response(request)
    except OAuth2Error as error:  # only for values that the form does not offer
        return _form(400, Mistake("", error.description), **values)
    return page("registered.html", 201, client=client, **_addresses(server.settings.origin, client))


def _form(status: int, mistake: Mistake | None, **values: Any) -> Response:
    return page("new_client.html", status, mistake=mistake, max_name=MAX_NAME, **values)


def _addresses(origin: str, client: dict[str, Any]) -> dict[str, str]:
    """Return the addresses of authorization and token endpoint, as *client* calls them."""
    query = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": next(iter(client.get("redirect_uris", [])), ""),
        "scope": client["scope"],
        "code_challenge_method": "S256",
        "code_challenge": "CHALLENGE",
    }
    return {
        "authorization_address": f"{origin}{AUTHORIZE}?{urlencode(query)}",
        "token_address": origin + TOKEN,
    }
