"""Servers: the requests of the client's backend to the authorization server and to the API."""

import asyncio
import base64
import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from demo_api.accounts import DPOP, EVENTS, SERVICE, SERVICE_ACCOUNTS, RegisteredClient
from demo_api.bound_client import BoundClient
from demo_api.client_app.flows import FlowKind, Party
from demo_api.client_app.walks import Walk
from demo_api.flow_events import FLOW_HEADER, FlowEvent
from demo_api.http_text import request_text, response_text

_AUTHORIZE, _TOKEN = "/v1/auth/oauth2/authorize", "/v1/auth/oauth2/token"
_REVOKE = "/v1/auth/oauth2/revoke"
_EARLY = 30
_SECONDS = 10


class ServerError(Exception):
    """A server sent an error or no response; the message is a sentence for people."""


@dataclass(frozen=True)
class ClosedSocket:
    """How a WebSocket ended: the close *code*, *text* for people, *seconds* after the sign-out."""

    code: int
    text: str
    seconds: float


class Servers:
    """The authorization server and the API at one origin."""

    def __init__(
        self,
        origin: str,
        callback: str,
        http: httpx.AsyncClient,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Use the demo at *origin*; authorization responses come to the address *callback*."""
        self.origin = origin
        self.callback = callback
        self._http = http
        self._clock = clock
        self._events_token = ""
        self._events_token_until = 0.0

    def authorization_address(self, walk: Walk) -> str:
        """Return where the browser goes to sign in and to consent (RFC 6749 §4.1.1)."""
        digest = hashlib.sha256(walk.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": walk.client.client_id,
            "redirect_uri": self.callback,
            "scope": "read",
            "state": walk.state,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return f"{self.origin}{_AUTHORIZE}?{urlencode(query)}"

    async def redeem(self, walk: Walk) -> None:
        """Exchange the code of *walk* for tokens (RFC 6749 §4.1.3, RFC 7636 §4.5)."""
        await self._token(
            walk,
            grant_type="authorization_code",
            code=walk.code,
            code_verifier=walk.verifier,
            redirect_uri=self.callback,
        )

    async def use_password(self, walk: Walk, username: str, password: str) -> None:
        """Exchange the password of a service account for tokens (RFC 6749 §4.3.2)."""
        await self._token(
            walk, grant_type="password", username=username, password=password, scope="read"
        )

    async def fetch_people(self, walk: Walk) -> None:
        """Call the API with the access token of *walk* (RFC 6750 §2.1)."""
        fields = {"Authorization": f"Bearer {walk.access_token}", FLOW_HEADER: walk.flow}
        response = await self.send("GET", "/v1/data/employees", fields)
        if not response.is_success:
            raise ServerError(f"The API sent status {response.status_code} and no people.")
        walk.people = response.json()["employees"]
        walk.record(_event("people", response))
        walk.caller = (await self.send("GET", "/v1/me", bearer(walk.access_token))).json()

    async def fetch_events(self, walk: Walk) -> None:
        """Add the events that the other parties recorded for *walk*; none if they can't be read."""
        try:
            path = f"/v1/events/{walk.flow}?after={walk.newest}"
            response = await self.send("GET", path, bearer(await self.token_for_events()))
        except ServerError:
            return
        for each in response.json()["events"] if response.is_success else ():
            walk.newest = max(walk.newest, each.pop("number"))
            walk.record(FlowEvent(**each))

    async def steps_of(self, flow: str) -> list[dict[str, str]]:
        """Return the steps of the API's guard for the one request with the flow id *flow*."""
        walk = Walk(FlowKind.CODE, SERVICE, flow)
        await self.fetch_events(walk)
        event = walk.events.get((Party.RESOURCE_SERVER, "request"))
        return event.steps if event else []

    async def send(
        self, method: str, path: str, fields: dict[str, str], **body: Any
    ) -> httpx.Response:
        """Send a request to the origin; raise ServerError if there is no response."""
        try:
            return await self._http.request(method, self.origin + path, headers=fields, **body)
        except httpx.TransportError:
            raise ServerError(
                "The server can't be reached. Nothing is lost: try the same step again."
            ) from None

    async def _token(self, walk: Walk, **form: str) -> None:
        fields = {"Authorization": _basic(walk.client), FLOW_HEADER: walk.flow}
        response = await self.send("POST", _TOKEN, fields, data=form)
        walk.tokens = _issued(response)
        walk.record(_event("token response", response))

    async def token_for(self, client: RegisteredClient, *, prefix: str = "") -> str:
        """Return a token with which *client* acts for itself (RFC 6749 §4.4)."""
        return str((await self._client_credentials(client, prefix))["access_token"])

    async def bound_token(self, key: BoundClient) -> str:
        """Return a token of the service account that is bound to *key* (RFC 9449 §5)."""
        account, proof = SERVICE_ACCOUNTS[0], key.proof("POST", self.origin + _TOKEN)
        response = await self.send(
            "POST",
            _TOKEN,
            {"Authorization": _basic(DPOP), "DPoP": proof},
            data={
                "grant_type": "password",
                "username": account.login_name,
                "password": account.password,
                "scope": "read",
            },
        )
        return str(_issued(response)["access_token"])

    async def revoke(self, client: RegisteredClient, token: str) -> httpx.Response:
        """Revoke *token* of *client* (RFC 7009)."""
        fields = {"Authorization": _basic(client)}
        return await self.send("POST", _REVOKE, fields, data={"token": token})

    async def sign_out(self, walk: Walk) -> httpx.Response:
        """Let the authorization server sign the person of *walk* out."""
        fields = bearer(walk.access_token)
        subject = (await self.send("GET", "/v1/me", fields)).json()["subject"]
        path = f"/v1/demo/sign-out/{subject}"
        return await self.send("POST", path, bearer(await self.token_for_events()))

    async def sign_out_with_open_socket(
        self, walk: Walk, path: str
    ) -> tuple[httpx.Response, ClosedSocket]:
        """Open a WebSocket with the token of *walk*, sign the person out, and wait for its end."""
        address = "ws" + self.origin.removeprefix("http") + path
        fields = bearer(walk.access_token)
        try:
            async with (
                asyncio.timeout(_SECONDS),
                connect(address, additional_headers=fields, proxy=None) as socket,
            ):
                message = str(await socket.recv())
                response = await self.sign_out(walk)
                started = time.monotonic()
                with suppress(ConnectionClosed):
                    while True:
                        message = str(await socket.recv())
                seconds = time.monotonic() - started
        except (OSError, TimeoutError, WebSocketException):
            raise ServerError("The WebSocket can't be opened, or did not end.") from None
        text = f"{message}\nclosed with {socket.close_code}: {socket.close_reason}"
        return response, ClosedSocket(socket.close_code or 0, text, seconds)

    async def token_for_events(self) -> str:
        """Return a token for reading events and for the controls of the demo."""
        now = self._clock()
        if now >= self._events_token_until:
            issued = await self._client_credentials(EVENTS)
            self._events_token = issued["access_token"]
            self._events_token_until = now + issued["expires_in"] - _EARLY
        return self._events_token

    async def _client_credentials(
        self, client: RegisteredClient, prefix: str = ""
    ) -> dict[str, Any]:
        form = {"grant_type": "client_credentials"}
        fields = {"Authorization": _basic(client)}
        return _issued(await self.send("POST", prefix + _TOKEN, fields, data=form))


def _event(name: str, response: httpx.Response) -> FlowEvent:
    request = response.request
    target = request.url.raw_path.decode()
    return FlowEvent(
        Party.CLIENT,
        name,
        request_text(request.method, target, request.headers.multi_items(), request.content),
        response_text(response.status_code, response.headers.multi_items(), response.content),
    )


def _issued(response: httpx.Response) -> dict[str, Any]:
    """Return the members of a token response; raise ServerError if it is an error."""
    if not response.is_success:
        raise ServerError(_token_error(response))
    issued: dict[str, Any] = response.json()
    return issued


def _token_error(response: httpx.Response) -> str:
    try:
        description = response.json().get("error_description", "")
    except (ValueError, AttributeError):
        description = ""
    return f"The token endpoint sent status {response.status_code}. {description}".strip()


def _basic(client: RegisteredClient) -> str:
    """Return Basic credentials, each part encoded separately (RFC 6749 §2.3.1)."""
    pair = f"{quote(client.client_id, safe='')}:{quote(client.client_secret or '', safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def bearer(token: str) -> dict[str, str]:
    """Return the header that presents *token*."""
    return {"Authorization": f"Bearer {token}"}
