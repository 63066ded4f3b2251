"""The registration form as a person fills it in: what it asks for, and what is wrong with it."""

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
    """What a person should mend: in which field, said in the words of the form's labels."""

    field: str
    words: str


def client_metadata(sent: Parameters) -> dict[str, Any]:
    """Return the form in the words of RFC 7591."""
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
    """Return the first mistake that a person can make in *form*.

    The registration endpoint judges after us; its words are for programs.
    """
    name, kind = form.get("client_name", ""), form.get("kind", "")
    if not name.strip():
        return Mistake("client_name", "Name: write what people should call the client.")
    if len(name) > MAX_NAME or not name.isprintable():
        return Mistake("client_name", f"Name: at most {MAX_NAME} letters, on one line.")
    if kind not in _GRANT_TYPES:
        return Mistake("kind", "What kind of client is it? Choose one of the three.")
    words = _wrong_with_addresses(form.get("redirect_uris", "")) if kind != "service" else None
    return Mistake("redirect_uris", f"Redirect addresses: {words}") if words else None


def _wrong_with_addresses(text: str) -> str | None:
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    filled = [(number, line) for number, line in lines if line]
    if not filled:
        return "write at least one, since people must come back to the client."
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
