"""The registration form for people: its fields, and the check of their values."""

from dataclasses import dataclass
from typing import Any

from demo_api.authorization_server.client_authentication import BASIC, NONE
from demo_api.authorization_server.redirect_uris import may_be_registered
from demo_api.authorization_server.requests import Parameters
from demo_api.authorization_server.settings import DEFAULT_SCOPE

MAX_NAME, MAX_ADDRESSES = 200, 10

_GRANT_TYPES = {
    "web": ["authorization_code", "refresh_token"],
    "native": ["authorization_code", "refresh_token"],
    "service": ["client_credentials"],
}


@dataclass(frozen=True)
class Mistake:
    """A field to correct, with a message that uses the label of the form."""

    field: str
    message: str


def client_metadata(sent: Parameters) -> dict[str, Any]:
    """Return the form as client metadata (RFC 7591)."""
    form = sent.data
    kind = form.get("kind", "")
    lines = form.get("redirect_uris", "").split() if kind != "service" else []
    return {
        "client_name": form.get("client_name", ""),
        "token_endpoint_auth_method": NONE if kind == "native" else BASIC,
        "grant_types": _GRANT_TYPES.get(kind, []),
        "redirect_uris": lines,
        "scope": " ".join(sent.datalist.get("scope", [])) or DEFAULT_SCOPE,
    }


def find_mistake(form: dict[str, str]) -> Mistake | None:
    """Return the first invalid field of *form*, or None.

    The registration endpoint validates again afterwards; its error texts are for programs.
    """
    name, kind = form.get("client_name", ""), form.get("kind", "")
    if not name.strip():
        return Mistake("client_name", "Name: write how people should call the client.")
    if len(name) > MAX_NAME or not name.isprintable():
        return Mistake("client_name", f"Name: at most {MAX_NAME} characters, on one line.")
    if kind not in _GRANT_TYPES:
        return Mistake("kind", "What kind of client is it? Choose one of the three.")
    message = _address_error(form.get("redirect_uris", "")) if kind != "service" else None
    return Mistake("redirect_uris", f"Redirect addresses: {message}") if message else None


def _address_error(text: str) -> str | None:
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    filled = [(number, line) for number, line in lines if line]
    if not filled:
        return "write at least one, to which people return from consent."
    if len(filled) > MAX_ADDRESSES:
        return f"at most {MAX_ADDRESSES}."
    for number, line in filled:
        if not may_be_registered(line):
            return (
                f"line {number} can't be used. Write https://…, or http:// with"
                " 127.0.0.1 or localhost, or an app's own scheme with a dot in it; no # and"
                " no space."
            )
    return None
