"""Experiments: requests that must fail, each with what a client should do about the response."""

import base64
import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from demo_api.accounts import OPAQUE, SERVICE
from demo_api.bound_client import BoundClient
from demo_api.client_app.servers import Servers, bearer
from demo_api.client_app.walks import Walk
from demo_api.flow_events import FLOW_HEADER
from demo_api.http_text import request_text, response_text

_PEOPLE, _SOCKET = "/v1/data/employees", "/v1/data/live"


@dataclass(frozen=True)
class Exchange:
    """A request and its response as texts, with the steps of the guard."""

    title: str
    request: str
    status: int
    response: str
    steps: list[dict[str, str]]


@dataclass(frozen=True)
class Result:
    """What an experiment showed."""

    name: str
    exchanges: tuple[Exchange, ...]


Sent = tuple[str, httpx.Response]


class Experiments:
    """The experiments against *servers*, with the token of a walk."""

    def __init__(self, servers: Servers) -> None:
        """Send requests to *servers*."""
        self._servers = servers

    async def run(self, name: str, run: "Run", walk: Walk) -> Result:
        """Run the experiment *name* by *run*; raise ServerError if a server sends no response."""
        sent = await run(self, walk)
        return Result(name, tuple([await self._shown(each) for each in sent]))

    async def no_token(self, _: Walk) -> list[tuple[str, httpx.Response]]:
        """Send no credentials."""
        return [("A request without a token", await self._people(None))]

    async def expired(self, _: Walk) -> list[tuple[str, httpx.Response]]:
        """Send a token of an endpoint whose clock is an hour slow."""
        token = await self._servers.token_for(SERVICE, prefix="/an-hour-ago")
        return [("A token that expired 55 minutes ago", await self._people(token))]

    async def audience(self, _: Walk) -> list[tuple[str, httpx.Response]]:
        """Send a token that the same server issued for another API."""
        token = await self._servers.token_for(SERVICE, prefix="/another-resource")
        return [("A token for https://payroll.example.com", await self._people(token))]

    async def forged(self, walk: Walk) -> list[tuple[str, httpx.Response]]:
        """Replace the signature of the token."""
        start, _, signature = walk.access_token.rpartition(".")
        forged = f"{start}.{signature[::-1]}" if start else signature[::-1]
        return [("The token with another signature", await self._people(forged))]

    async def unsigned(self, _: Walk) -> list[tuple[str, httpx.Response]]:
        """Send claims of one's choice with the algorithm `none`."""
        header = _encoded({"alg": "none", "typ": "at+jwt"})
        claims = {"iss": self._servers.origin, "sub": "u-grace-2b8d4a36", "scope": "read"}
        return [
            ("A token without a signature", await self._people(f"{header}.{_encoded(claims)}."))
        ]

    async def id_token(self, walk: Walk) -> list[tuple[str, httpx.Response]]:
        """Send the ID token, which is for the client, to the API."""
        return [("The ID token of this walk", await self._people(walk.tokens["id_token"]))]

    async def scope(self, walk: Walk) -> list[tuple[str, httpx.Response]]:
        """Try to write with a token for reading."""
        new = {"name": "Charles Babbage", "title": "Mechanic"}
        sent = await self._send("POST", _PEOPLE, bearer(walk.access_token), json=new)
        return [("Adding a person with the scope read", sent)]

    async def record(self, walk: Walk) -> list[tuple[str, httpx.Response]]:
        """Ask for the first number that the caller's own list doesn't have."""
        listed = (await self._people(walk.access_token)).json()["employees"]
        own = {each["id"] for each in listed}
        number = next(each for each in range(1, len(own) + 2) if each not in own)
        path = f"{_PEOPLE}/{number}"
        sent = await self._send("GET", path, bearer(walk.access_token))
        return [(f"Record {number}, which is not in the list of this caller", sent)]

    async def revoked(self, _: Walk) -> list[tuple[str, httpx.Response]]:
        """Revoke an opaque token, then use it."""
        token = await self._servers.token_for(OPAQUE)
        revoked = await self._servers.revoke(OPAQUE, token)
        return [
            ("The client revokes an opaque token", revoked),
            ("The revoked token", await self._people(token)),
        ]

    async def bound(self, _: Walk) -> list[tuple[str, httpx.Response]]:
        """Steal a token that is bound to a key, with a proof of one request; use both."""
        key, address = BoundClient(), self._servers.origin + _PEOPLE
        token = await self._servers.bound_token(key)
        first = key.headers("GET", address, token, None)
        challenge = await self._send("GET", _PEOPLE, first)
        used = key.headers("GET", address, token, challenge.headers.get("dpop-nonce"))
        return [
            ("Its client, which owns the key", await self._send("GET", _PEOPLE, used)),
            ("A thief sends it as a bearer token", await self._people(token)),
            ("A thief repeats the proof", await self._send("GET", _PEOPLE, used)),
        ]

    async def stolen(self, walk: Walk) -> list[tuple[str, httpx.Response]]:
        """Use the bearer token from a program that knows nothing else."""
        async with httpx.AsyncClient(timeout=10, trust_env=False) as thief:
            address = self._servers.origin + _PEOPLE
            sent = await thief.get(address, headers=bearer(walk.access_token) | _new_flow())
        return [("Another program sends the copied token", sent)]

    async def rotation(self, walk: Walk) -> list[tuple[str, httpx.Response]]:
        """Rotate the signing key; use the old token, then one of the new key."""
        control = bearer(await self._servers.token_for_events())
        rotated = await self._send("POST", "/v1/demo/rotation", control)
        new = await self._servers.token_for(SERVICE)
        return [
            ("The signing key is rotated", rotated),
            ("The token that the old key signed", await self._people(walk.access_token)),
            ("A token that the new key signed", await self._people(new)),
        ]

    async def outage(self, walk: Walk) -> list[tuple[str, httpx.Response]]:
        """Stop the authorization server for 30 seconds; use a signed and an opaque token."""
        control = bearer(await self._servers.token_for_events())
        opaque = await self._servers.token_for(OPAQUE)
        stopped = await self._send("POST", "/v1/demo/outage", control)
        return [
            ("The authorization server stops", stopped),
            ("A signed token", await self._people(walk.access_token)),
            ("An opaque token, which must be introspected", await self._people(opaque)),
        ]

    async def signed_out(self, walk: Walk) -> list[Sent]:
        """Use the token; sign the person out; use the same token."""
        return [
            ("The token", await self._people(walk.access_token)),
            ("The person signs out", await self._servers.sign_out(walk)),
            ("The same token", await self._people(walk.access_token)),
        ]

    async def open_socket(self, walk: Walk) -> list[Sent | Exchange]:
        """Open a WebSocket with the token; sign the person out while it is open."""
        signed_out, closed = await self._servers.sign_out_with_open_socket(walk, _SOCKET)
        fields = [("Authorization", f"Bearer {walk.access_token}"), ("Upgrade", "websocket")]
        title = f"The WebSocket is closed {closed.seconds * 1000:.0f} ms later"
        request = request_text("GET", _SOCKET, fields)
        return [
            ("The person signs out while a WebSocket is open", signed_out),
            Exchange(title, request, closed.code, closed.text, []),
        ]

    async def _shown(self, sent: Sent | Exchange) -> Exchange:
        if isinstance(sent, Exchange):
            return sent
        title, response = sent
        return _exchange(title, response, await self._steps(response))

    async def _send(
        self, method: str, path: str, fields: dict[str, str], **body: Any
    ) -> httpx.Response:
        """Send a request with a flow id of its own, by which the API's guard reports on it."""
        return await self._servers.send(method, path, fields | _new_flow(), **body)

    async def _steps(self, response: httpx.Response) -> list[dict[str, str]]:
        flow = response.request.headers.get(FLOW_HEADER)
        return await self._servers.steps_of(flow) if flow else []

    async def _people(self, token: str | None) -> httpx.Response:
        return await self._send("GET", _PEOPLE, bearer(token) if token else {})


def _new_flow() -> dict[str, str]:
    return {FLOW_HEADER: secrets.token_urlsafe(16)}


def _exchange(title: str, response: httpx.Response, steps: list[dict[str, str]]) -> Exchange:
    request = response.request
    target = request.url.raw_path.decode()
    return Exchange(
        title,
        request_text(request.method, target, request.headers.multi_items(), request.content),
        response.status_code,
        response_text(response.status_code, response.headers.multi_items(), response.content),
        steps,
    )


def _encoded(value: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


Run = Callable[[Experiments, Walk], Awaitable[Sequence[Sent | Exchange]]]
