"""page_probe: what clients see of the application in `app.py`, run in the folder of that file."""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from oauth_guard.testing import as_identity
from tests.robustness.foreign_frameworks.guard_lines import lines_of_guard

_CALLER = {"caller": "u1"}
_NONE = "-"
_SCOPE = "orders:read"
_OK = 200


def _status(status: int, headers: Any) -> str:
    """Return the status, and whether the challenge is missing."""
    return f"{status}" if "www-authenticate" in headers else f"{status} alone"


class _Pages:
    """Requests and handshakes of an application with `/orders` and `/feed`."""

    def request(self, client: TestClient) -> str:
        response = client.get("/orders")
        if response.status_code == _OK:
            return "the caller" if response.json() == _CALLER else response.text
        return _status(response.status_code, response.headers)

    def handshake(self, client: TestClient) -> str:
        with client.websocket_connect("/feed") as socket:
            received = socket.receive_json()
            return "the caller" if received == _CALLER else str(received)


class _GraphQL:
    """A query and a subscription."""

    def request(self, client: TestClient) -> str:
        response = client.post("/", json={"query": "{ caller }"})
        if response.status_code != _OK:
            return _status(response.status_code, response.headers)
        return self._result(response.json())

    def handshake(self, client: TestClient) -> str:
        with client.websocket_connect("/", ["graphql-transport-ws"]) as socket:
            socket.send_json({"type": "connection_init"})
            socket.receive_json()
            query = {"query": "subscription { callers }"}
            socket.send_json({"id": "1", "type": "subscribe", "payload": query})
            message = socket.receive_json()
            payload = message["payload"]
            return self._result({"errors": payload} if message["type"] == "error" else payload)

    def _result(self, result: dict[str, Any]) -> str:
        if result.get("errors"):
            return f"an error that names {_SCOPE}" if _SCOPE in str(result) else "an error"
        return "the caller" if set(result["data"].values()) == {"u1"} else str(result)


def _handshake(pages: _Pages | _GraphQL, client: TestClient) -> str:
    try:
        return pages.handshake(client)
    except WebSocketDenialResponse as denied:
        return _status(denied.status_code, denied.headers)
    except WebSocketDisconnect:
        return "403 alone"  # what servers send if a WebSocket is closed before it is accepted


def probe(app: Any, text: str) -> list[str]:
    """Return what clients see of *app*, whose module is *text*, and the lines of its guard.

    For requests, and then for handshakes: without a token, with one, and with one that has the
    scope. What the application does not serve is `-`.
    """
    pages = _GraphQL() if "strawberry" in text else _Pages()
    callers = (app, as_identity(app), as_identity(app, scopes=[_SCOPE]))
    clients = [TestClient(each) for each in callers]
    cells = [pages.request(client) for client in clients[: 3 if _serves(text, "HTTP") else 1]]
    cells += [_NONE] * (3 - len(cells))
    if _serves(text, "WebSocket"):
        cells += [_handshake(pages, client) for client in clients]
    else:
        cells += [_NONE] * 3
    return [*cells, str(lines_of_guard(text))]


def _serves(text: str, kind: str) -> bool:
    """Return whether the module *text* has a route for requests, or one for WebSockets."""
    marks = {"HTTP": ('"/orders"', '"orders"', "Query"), "WebSocket": ("feed", "Subscription")}
    return any(mark in text for mark in marks[kind])


if __name__ == "__main__":
    sys.path.insert(0, "")
    served = importlib.import_module("app").app
    json.dump(probe(served, Path("app.py").read_text(encoding="utf-8")), sys.stdout)
