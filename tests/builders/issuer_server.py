"""issuer_server: an authorization server and a resource's metadata on a port of their own."""

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

__all__ = ["IssuerServer", "issuer_server"]

_METADATA = "/.well-known/oauth-authorization-server"
_RESOURCE = "/.well-known/oauth-protected-resource"


@dataclass
class IssuerServer:
    """What the server responds.

    Attributes:
        url: Its address, which is the identifier of the issuer and the resource.
        documents: The body of each path.
        statuses: The status of each path that is not 200.
        skew: How many seconds its clock is ahead.
        has_date: Whether responses have a Date.
        silent: Paths that get no response.
        ended: Set when the server ends, so that silent requests end too.
    """

    url: str = ""
    documents: dict[str, Any] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    skew: float = 0
    has_date: bool = True
    silent: set[str] = field(default_factory=set)
    ended: Event = field(default_factory=Event)


class _Server(ThreadingHTTPServer):
    """A server with a state that its handlers read."""

    state: IssuerServer


class _Handler(BaseHTTPRequestHandler):
    """Responds as the state of its server says."""

    server: _Server

    def log_message(self, *_: Any) -> None: ...

    def date_time_string(self, timestamp: float | None = None) -> str:
        now = time.time() + self.server.state.skew if timestamp is None else timestamp
        return super().date_time_string(int(now))

    def send_header(self, keyword: str, value: str) -> None:
        if self.server.state.has_date or keyword != "Date":
            super().send_header(keyword, value)

    def do_GET(self) -> None:
        state = self.server.state
        if self.path in state.silent:
            state.ended.wait(30)
        document = state.documents.get(self.path)
        status = state.statuses.get(self.path, 404 if document is None else 200)
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()


@contextmanager
def issuer_server(context: ssl.SSLContext | None = None) -> Iterator[IssuerServer]:
    """Run the server in a thread, over TLS if there is a *context*."""
    server = _Server(("127.0.0.1", 0), _Handler)
    state = server.state = IssuerServer()
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if context is None else "https"
    state.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    state.documents = {
        _METADATA: {
            "issuer": state.url,
            "jwks_uri": f"{state.url}/jwks",
            "introspection_endpoint": f"{state.url}/introspect",
        },
        "/jwks": {"keys": []},
        "/introspect": {"active": False},
        _RESOURCE: {"resource": state.url},
    }
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        state.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
