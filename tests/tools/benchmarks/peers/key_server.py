"""KeyServer: the metadata and the keys of the issuer, served in a thread until it stops."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from tests.tools.benchmarks.peers.guarded import ISSUER


@contextmanager
def running_key_server(jwks: Mapping[str, Any]) -> Iterator[str]:
    """Serve on loopback, and yield the origin; afterwards every connection is refused."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    origin = f"http://127.0.0.1:{server.server_port}"
    metadata = {
        "issuer": ISSUER,
        "jwks_uri": f"{origin}/jwks",
        "authorization_endpoint": f"{origin}/authorize",
        "token_endpoint": f"{origin}/token",
    }
    _Handler.documents = {"/.well-known/openid-configuration": metadata, "/jwks": jwks}
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield origin
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    documents: Mapping[str, Mapping[str, Any]] = {}

    def do_GET(self) -> None:
        body = json.dumps(self.documents[self.path]).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Log nothing."""
