"""TourOutput: prints the requests and responses of a client, with secrets shortened."""

import json
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from demo_api.page_form import PageForm

_SECRETS = frozenset(
    [
        *("access_token", "anti_forgery", "client_secret", "code", "code_verifier", "id_token"),
        *("password", "refresh_token"),
    ]
)
_FORM = "application/x-www-form-urlencoded"
_SHOWN = 3
_WIDTH = 96
_INDENT = " " * 8


class TourOutput:
    """Event hooks for an `httpx.Client` that print what is sent and received."""

    def __init__(self, write: Callable[[str], object] = print) -> None:
        """Print each line with *write*."""
        self._write = write

    def hooks(self, sender: str) -> dict[str, list[Callable[..., Any]]]:
        """Return the event hooks that print the requests and responses of *sender*."""
        return {
            "request": [lambda request: self._request(sender, request)],
            "response": [lambda response: self._response(sender, response)],
        }

    def _request(self, sender: str, request: httpx.Request) -> None:
        self._write(f"    {sender} → {request.method} {request.url.path}")
        if "authorization" in request.headers:
            scheme, _, secret = request.headers["authorization"].partition(" ")
            self._detail(f"Authorization: {scheme} {shorten(secret)}")
        if "dpop" in request.headers:
            self._detail(f"DPoP: {shorten(request.headers['dpop'])}")
        # The query of a form's address was printed when the page was opened.
        if request.method == "GET":
            self._parameters(request.url.query.decode())
        content = request.read().decode()
        if request.headers.get("content-type") == _FORM:
            self._parameters(content)
        elif content:
            self._detail(content)

    def _response(self, sender: str, response: httpx.Response) -> None:
        response.read()
        self._write(f"    {sender} ← {response.status_code} {response.reason_phrase}")
        if "location" in response.headers:
            address = urlsplit(response.headers["location"])
            self._detail(f"Location: {address._replace(query='', fragment='').geturl()}")
            if address.netloc:
                self._parameters(address.query)
        for challenge in response.headers.get_list("www-authenticate"):
            self._detail(f"WWW-Authenticate: {challenge}")
        kind = response.headers.get("content-type", "")
        if kind.startswith("text/html"):
            self._detail(f"a page: {PageForm.of(response.text).title}")
        elif kind.startswith("application/json"):
            for line in _members(response.json()):
                self._detail(line)

    def _parameters(self, encoded: str) -> None:
        for name, value in parse_qsl(encoded):
            self._detail(f"{name} = {shorten(value) if name in _SECRETS else value}")

    def _detail(self, text: str) -> None:
        wrapped = textwrap.fill(
            text,
            _WIDTH,
            initial_indent=_INDENT,
            subsequent_indent=f"{_INDENT}    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        self._write(wrapped)


def shorten(secret: str) -> str:
    """Return at most a third of *secret*: enough to recognise it, too little to use it."""
    return f"{secret[: min(6, len(secret) // 3)]}…"


def _members(document: Mapping[str, Any]) -> Iterator[str]:
    for name, value in document.items():
        if name == "trace":
            yield f"{name}: {', '.join(entry['step'] for entry in value)}"
        elif name in _SECRETS:
            yield f"{name}: {shorten(value)}"
        elif isinstance(value, list):
            yield f"{name}: {_listed(value)}"
        else:
            yield f"{name}: {value if isinstance(value, str) else json.dumps(value)}"


def _listed(values: list[Any]) -> str:
    names = [each["name"] if isinstance(each, dict) else str(each) for each in values]
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
