"""FlowRecorder: the middleware by which authorization server and API record their events."""

from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo_api.authorization_server.settings import AUTHORIZE, PREFIX, TOKEN
from demo_api.decisions import steps_of
from demo_api.flow_events import (
    AUTHORIZATION_SERVER,
    FLOW_HEADER,
    RESOURCE_SERVER,
    FlowEvent,
    FlowEvents,
    flow_of,
)
from demo_api.http_text import request_text, response_text
from oauth_guard.trace import TRACE, Trace

_LONGEST_BODY = 64 * 1024


class FlowRecorder:
    """Records requests that belong to a flow; every other request passes unchanged."""

    def __init__(self, app: ASGIApp, events: FlowEvents) -> None:
        """Record the requests to *app* in *events*."""
        self._app = app
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on; store the event before the response ends."""
        flow, party = (_flow(scope), _party(scope)) if scope["type"] == "http" else (None, None)
        if flow is None or party is None:
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope)
        head: list[Message] = []

        async def recording_receive() -> Message:
            message = await receive()
            exchange.add_request(message)
            return message

        async def recording_send(message: Message) -> None:
            complete = exchange.add_response(message)
            if complete:
                await run_in_threadpool(self._events.record, flow, exchange.event(party))
            # An empty response is complete with its head, so the head waits for the first body.
            if message["type"] == "http.response.start":
                head.append(message)
                return
            while head:
                await send(head.pop())
            await send(message)

        traced = {**scope, TRACE: exchange.trace}
        await self._app(traced, recording_receive, recording_send)


class _Exchange:
    """A request and its response, each with at most 64 KiB of body."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._request = b""
        self._response = b""
        self._status = 0
        self._fields: Any = []
        self.trace = Trace()

    def add_request(self, message: Message) -> None:
        if len(self._request) < _LONGEST_BODY:
            self._request += message.get("body", b"")

    def add_response(self, message: Message) -> bool:
        """Add *message*; return whether it is the last one."""
        if message["type"] == "http.response.start":
            self._status, self._fields = message["status"], message.get("headers", [])
            return False
        if len(self._response) < _LONGEST_BODY:
            self._response += message.get("body", b"")
        return not message.get("more_body", False)

    def event(self, party: str) -> FlowEvent:
        method, path = self._scope["method"], self._scope["path"]
        query = self._scope["query_string"].decode("latin-1")
        target = f"{path}?{query}" if query else path
        return FlowEvent(
            party,
            self._name(),
            request_text(method, target, _decoded(self._scope["headers"]), self._request),
            response_text(self._status, _decoded(self._fields), self._response),
            steps_of(self.trace),
        )

    def _name(self) -> str:
        path, method = self._scope["path"], self._scope["method"]
        if path == AUTHORIZE and method == "POST":
            form = parse_qs(self._request.decode("latin-1"))
            action = form.get("action", [""])[0]
            return action if self._status == 303 else f"{action} failed"  # noqa: PLR2004 - See Other
        if path.endswith(TOKEN):
            return "token"
        return "authorize" if path == AUTHORIZE else "request"


def _flow(scope: Scope) -> str | None:
    header = Headers(scope=scope).get(FLOW_HEADER)
    if header is not None:
        return flow_of(header)
    if scope["path"] != AUTHORIZE:
        return None
    states = parse_qs(scope["query_string"].decode("latin-1")).get("state", [])
    return flow_of(states[0]) if states else None


def _party(scope: Scope) -> str | None:
    path: str = scope["path"]
    if f"{PREFIX}/" in path:
        return AUTHORIZATION_SERVER
    return RESOURCE_SERVER if path.startswith("/v1/") else None


def _decoded(fields: Any) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]
