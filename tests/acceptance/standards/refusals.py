"""One request for each way to be refused, for rows that speak of all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from oauth_guard.testing import SigningKey
from tests.acceptance.standards.answer import Answer, Headers
from tests.acceptance.standards.api import NOW, Api, bearer


@dataclass(frozen=True)
class Refusal:
    """A request that is refused, and how.

    Attributes:
        name: Why.
        outcome: As section 3 of the matrix names it.
        headers: The header fields of the request.
        target: Where it goes, by GET.
        outage: Whether the issuer is down meanwhile.
    """

    name: str
    outcome: str
    headers: Callable[[Api], Headers]
    target: str = "/r"
    outage: bool = False

    async def over_http(self, api: Api, method: str = "GET") -> Answer:
        """Send the request."""
        self._prepare(api)
        return await api.send(method, self.target, self.headers(api))

    async def over_websocket(self, api: Api, *, denial: bool = True) -> Answer:
        """Open a WebSocket with the same header fields."""
        self._prepare(api)
        return await api.connect("/ws", self.headers(api), denial=denial)

    def _prepare(self, api: Api) -> None:
        if self.outage:
            api.authority.outage = _unreachable


def _unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("closed", request=request)


def _token(**changes: Any) -> Callable[[Api], Headers]:
    return lambda api: bearer(api.token(**changes))


def _field(value: bytes) -> Callable[[Api], Headers]:
    return lambda _: ((b"authorization", value),)


def _twice(api: Api) -> Headers:
    return [*bearer(api.token()), *bearer(api.token())]


def _forged(api: Api) -> Headers:
    return bearer(api.token(key=SigningKey("k1")))


_HEX_TOKEN = "9f86d081884c7d659a2feaa0c55ad015"

BY_THE_DOOR = (
    Refusal("no credentials", "401 none", lambda _: ()),
    Refusal("unknown scheme", "401 none", _field(f"Token {_HEX_TOKEN}".encode())),
    Refusal("bare scheme", "400 invalid_request", _field(b"Bearer")),
    Refusal("no token68", "400 invalid_request", _field(f'Bearer "{_HEX_TOKEN}"'.encode())),
    Refusal("several fields", "400 invalid_request", _twice),
    Refusal("too long", "400 invalid_request", _field(b"Bearer " + b"x" * 16384)),
    Refusal("not a JWT", "401 invalid_token", _field(f"Bearer {_HEX_TOKEN}".encode())),
    Refusal(
        "encrypted", "401 invalid_token", _field(b"Bearer zz-head.zz-keys.zz-vect.zz-text.zz-tags")
    ),
    Refusal("expired", "401 invalid_token", _token(exp=NOW - 1)),
    Refusal("not yet valid", "401 invalid_token", _token(nbf=NOW + 1)),
    Refusal("unknown issuer", "401 invalid_token", _token(iss="https://evil.example")),
    Refusal("wrong audience", "401 invalid_token", _token(aud="https://other.example")),
    Refusal("no subject", "401 invalid_token", _token(sub=None)),
    Refusal("bound", "401 invalid_token", _token(cnf={"jkt": "thumbprint"})),
    Refusal("wrong type", "401 invalid_token", _token(header={"typ": "JWT"})),
    Refusal("forged", "401 invalid_token", _forged),
    Refusal("outage", "503", _token(), outage=True),
)
"""What the middleware refuses, over HTTP and WebSocket alike."""

BY_THE_ROUTE = (Refusal("too little scope", "403 insufficient_scope", _token(), "/admin"),)
"""What a decorator refuses."""

REFUSALS = (*BY_THE_DOOR, *BY_THE_ROUTE)


def rows(*refusals: Refusal) -> list[object]:
    """Return *refusals* as the rows of a table, named."""
    return [pytest.param(each, id=each.name) for each in refusals]
