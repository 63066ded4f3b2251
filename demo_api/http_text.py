"""HTTP messages as texts that people read, with secrets shortened."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_SECRETS = frozenset(
    [
        *("access_token", "anti_forgery", "client_secret", "code", "code_verifier"),
        *("id_token", "password", "refresh_token", "token"),
    ]
)
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_SHOWN_FIELDS = frozenset(
    ["authorization", "dpop", "content-type", "location", "retry-after", "www-authenticate"]
)
_LONGEST_BODY = 4_000
_LISTED = 3

Fields = Iterable[tuple[str, str]]


def request_text(method: str, target: str, fields: Fields, body: bytes = b"") -> str:
    """Return a request as text: request line, the fields that matter, and the body."""
    path, _, query = target.partition("?")
    lines = [f"{method} {path}", *_parameters("?", query)]
    return "\n".join([*lines, *_message(fields, body)])


def response_text(status: int, fields: Fields, body: bytes = b"") -> str:
    """Return a response as text: status, the fields that matter, and the body."""
    return "\n".join([str(status), *_message(fields, body)])


def shorten(secret: str) -> str:
    """Return at most a third of *secret*: enough to recognise it, too little to use it."""
    return f"{secret[: min(8, len(secret) // 3)]}…"


def _message(fields: Fields, body: bytes) -> list[str]:
    known = [(name.lower(), value) for name, value in fields]
    lines = [line for name, value in known if name in _SHOWN_FIELDS for line in _field(name, value)]
    media_type = dict(known).get("content-type", "").partition(";")[0]
    if body and len(body) <= _LONGEST_BODY * 16:
        lines += ["", *_body(media_type, body.decode(errors="replace"))]
    return lines


def _field(name: str, value: str) -> list[str]:
    title = "WWW-Authenticate" if name == "www-authenticate" else name.title()
    if name in {"authorization", "dpop"}:
        scheme, _, secret = value.rpartition(" ")
        return [f"{title}: {scheme} {shorten(secret)}".replace(":  ", ": ")]
    if name == "location":
        parts = urlsplit(value)
        return [f"{title}: {parts._replace(query='').geturl()}", *_parameters("?", parts.query)]
    return [f"{title}: {value}"]


def _body(media_type: str, text: str) -> list[str]:
    if media_type == _FORM:
        return _parameters("", text)
    if media_type == _JSON:
        try:
            return json.dumps(_shown(json.loads(text)), indent=2, ensure_ascii=False).split("\n")
        except ValueError:
            return ["(not JSON)"]
    return ["(a page)"] if media_type == "text/html" else [text[:_LONGEST_BODY]]


def _parameters(mark: str, encoded: str) -> list[str]:
    pairs = parse_qsl(encoded, errors="replace")
    return [
        f"  {mark if number == 0 else '&' if mark else ''}"
        f"{name}={shorten(value) if name in _SECRETS else value}"
        for number, (name, value) in enumerate(pairs)
    ]


def _shown(value: Any, name: str = "") -> Any:
    """Return a JSON value with its secrets shortened and its long lists cut."""
    if isinstance(value, dict):
        return {key: _shown(each, key) for key, each in value.items()}
    if isinstance(value, list):
        more = len(value) - _LISTED
        shown = [_shown(each) for each in value[:_LISTED]]
        return [*shown, f"… and {more} more"] if more > 0 else shown
    return shorten(value) if isinstance(value, str) and name in _SECRETS else value
