"""responding(): a server of HTTP/1.1 on a port of its own, whose responses a function returns."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, TypeAlias

import httpx

__all__ = ["Respond", "responding"]

Respond: TypeAlias = Callable[[httpx.Request], httpx.Response]


class _Server(ThreadingHTTPServer):
    """A server with the function that its handlers call."""

    respond: Respond


class _Handler(BaseHTTPRequestHandler):
    """Sends what the function of its server returns, and no header field besides."""

    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None: ...

    def do_POST(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        url = f"http://{self.headers['host']}{self.path}"
        fields = self.headers.items()
        response = self.server.respond(
            httpx.Request(self.command, url, headers=fields, content=body)
        )
        self.send_response_only(response.status_code)
        length = {"content-length": str(len(response.content))}  # which an empty one lacks
        for name, value in {**response.headers, **length}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.content)


@contextmanager
def responding(respond: Respond, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Run the server in a thread, over TLS if there is a *context*; yield its URL."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.respond = respond
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    scheme = "http" if context is None else "https"
    try:
        yield f"{scheme}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
