"""One request for each reason to be rejected, for rows that cover every rejection."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from oauth_guard.testing import SigningKey
from tests.acceptance.standards.api import NOW, Api, bearer
from tests.acceptance.standards.recorded_response import Headers, RecordedResponse


@dataclass(frozen=True)
class Rejection:
    """A request that is rejected, and its outcome.

    Attributes:
        name: The reason.
        outcome: The outcome, named as in section 3 of the matrix.
        headers: Builds the header fields of the request.
        target: The path; the method is GET.
        outage: Whether the issuer is unreachable meanwhile.
    """

    name: str
    outcome: str
    headers: Callable[[Api], Headers]
    target: str = "/r"
    outage: bool = False

    async def over_http(self, api: Api, method: str = "GET") -> RecordedResponse:
        """Send the request."""
        self._prepare(api)
        return await api.send(method, self.target, self.headers(api))

    async def over_websocket(self, api: Api, *, denial: bool = True) -> RecordedResponse:
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

BY_MIDDLEWARE = (
    Rejection("no credentials", "401 none", lambda _: ()),
    Rejection("unknown scheme", "401 none", _field(f"Token {_HEX_TOKEN}".encode())),
    Rejection("bare scheme", "400 invalid_request", _field(b"Bearer")),
    Rejection("no token68", "400 invalid_request", _field(f'Bearer "{_HEX_TOKEN}"'.encode())),
    Rejection("several fields", "400 invalid_request", _twice),
    Rejection("too long", "400 invalid_request", _field(b"Bearer " + b"x" * 16384)),
    Rejection("not a JWT", "401 invalid_token", _field(f"Bearer {_HEX_TOKEN}".encode())),
    Rejection(
        "encrypted", "401 invalid_token", _field(b"Bearer zz-head.zz-keys.zz-vect.zz-text.zz-tags")
    ),
    Rejection("expired", "401 invalid_token", _token(exp=NOW - 1)),
    Rejection("not yet valid", "401 invalid_token", _token(nbf=NOW + 1)),
    Rejection("unknown issuer", "401 invalid_token", _token(iss="https://evil.example")),
    Rejection("wrong audience", "401 invalid_token", _token(aud="https://other.example")),
    Rejection("no subject", "401 invalid_token", _token(sub=None)),
    Rejection("bound", "401 invalid_token", _token(cnf={"jkt": "thumbprint"})),
    Rejection("wrong type", "401 invalid_token", _token(header={"typ": "JWT"})),
    Rejection("forged", "401 invalid_token", _forged),
    Rejection("outage", "503", _token(), outage=True),
)
"""Rejections by the middleware, over HTTP and WebSocket."""

BY_ROUTE = (Rejection("too little scope", "403 insufficient_scope", _token(), "/admin"),)
"""Rejections by a decorator."""

REJECTIONS = (*BY_MIDDLEWARE, *BY_ROUTE)


def rows(*refusals: Rejection) -> list[object]:
    """Return *rejections* as parameters with their names as ids."""
    return [pytest.param(each, id=each.name) for each in refusals]
