"""HTTPSProxy: a proxy that is, for each host, the authorization server of a test."""

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import trustme

Respond = Callable[[str, str, Mapping[str, str], bytes], tuple[int, bytes]]
"""Returns status and body for a method, a URL, the header fields and the body of a request."""


class HTTPSProxy:
    """Programs that use HTTPS_PROXY and trust its authority reach `respond` under every name.

    Attributes:
        url: Its address.
        down: Whether connections are refused.
        respond: Responds to requests.
    """

    def __init__(self, respond: Respond) -> None:
        self.url = ""
        self.down = False
        self.respond = respond
        self._authority = trustme.CA()

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the variables by which a program uses the proxy; write its authority's file."""
        file = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(file))
        bundles = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        proxies = ("HTTPS_PROXY", "https_proxy")
        return {**dict.fromkeys(bundles, str(file)), **dict.fromkeys(proxies, self.url)}

    def context(self, host: str) -> ssl.SSLContext:
        """Return the TLS settings of a server with the name *host*."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(host).configure_cert(context)
        return context


class _Server(ThreadingHTTPServer):
    """A server whose handlers find the proxy."""

    proxy: HTTPSProxy


class _Handler(BaseHTTPRequestHandler):
    """Becomes the server of the host that CONNECT names."""

    server: _Server
    protocol_version = "HTTP/1.1"
    host = ""

    def log_message(self, *_: object) -> None: ...

    def finish(self) -> None:
        super().finish()
        self.connection.close()  # the server closes the connection below TLS alone

    def do_CONNECT(self) -> None:
        if self.server.proxy.down:
            self.send_error(503)
            return
        self.host = self.path.rpartition(":")[0]
        self.send_response(200)
        self.end_headers()
        context = self.server.proxy.context(self.host)
        self.connection = self.request = context.wrap_socket(self.connection, server_side=True)
        self.setup()
        self.close_connection = False

    def do_GET(self) -> None:
        url = f"https://{self.host}{self.path}"
        length = int(self.headers.get("content-length", "0"))
        fields = {name.lower(): value for name, value in self.headers.items()}
        status, body = self.server.proxy.respond(self.command, url, fields, self.rfile.read(length))
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()


@contextmanager
def https_proxy(respond: Respond) -> Iterator[HTTPSProxy]:
    """Run a proxy in a thread."""
    server = _Server(("127.0.0.1", 0), _Handler)
    proxy = server.proxy = HTTPSProxy(respond)
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
