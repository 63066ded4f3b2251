"""Real reverse proxies before a forward-auth service, and a client that sends bytes unchanged."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, create_connection, socket
from typing import Any

import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from oauth_guard.asgi import Application, Connection, Receive, Send
from tests.builders.tls_server import serving
from tests.needs import PROGRAMS

PAGE = Path(__file__).parents[2] / "docs" / "forward-auth.md"
SECRET = "a-secret-of-16-characters-or-more"
_NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{server}
}}
"""
_CADDY = "{{\n\tadmin off\n\tauto_https off\n}}\n{server}"


@dataclass
class Upstream:
    """The application behind the proxy, which records what it receives."""

    paths: list[str] = field(default_factory=list)
    fields: list[list[tuple[str, str]]] = field(default_factory=list)

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Record a request; the response is its header fields."""
        assert receive is not None
        self.paths.append(scope["raw_path"].decode("latin-1"))
        self.fields.append(
            [(k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]]
        )
        body = json.dumps(self.fields[-1]).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})


@dataclass(frozen=True)
class Reply:
    """What a client received.

    Attributes:
        status: The status.
        headers: The header fields, names in lower case; a repeated one is joined by commas.
        received: What the application received of this request; None if it received nothing.
        path: The path that the application received.
    """

    status: int
    headers: Mapping[str, str]
    received: Sequence[tuple[str, str]] | None
    path: str | None

    def value(self, name: str) -> str:
        """Return the one value of a field that the application received; empty if it has none."""
        values = [value for key, value in self.received or () if key == name]
        assert len(values) <= 1, values
        return values[0] if values else ""


@dataclass(frozen=True)
class Site:
    """A proxy with its application behind it."""

    port: int
    upstream: Upstream

    def send(
        self, target: str, *fields: tuple[str, str], method: str = "GET", token: str | None = None
    ) -> Reply:
        """Send a request whose *target* and *fields* are not changed."""
        before = len(self.upstream.paths)
        shown = [("Host", "api.example.com"), ("Connection", "close"), *fields]
        if token is not None:
            shown.append(("Authorization", f"Bearer {token}"))
        lines = "".join(f"{name}: {value}\r\n" for name, value in shown)
        data = f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
        status, headers = _exchange(self.port, data)
        reached = len(self.upstream.paths) > before
        received = self.upstream.fields[-1] if reached else None
        return Reply(status, headers, received, self.upstream.paths[-1] if reached else None)


def _exchange(port: int, data: bytes) -> tuple[int, Mapping[str, str]]:
    with create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(data)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head = received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for line in head[1:]:
        name, _, value = line.partition(": ")
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return int(head[0].split()[1]), headers


def signing_key_pem() -> bytes:
    """Return a new private key in PEM."""
    private = ec.generate_private_key(ec.SECP256R1())
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def blocks(language: str) -> list[str]:
    """Return the configurations that the page shows in one language."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@contextmanager
def site(
    program: str,
    folder: Path,
    service: Application,
    edit: Callable[[str], str] = lambda text: text,
) -> Iterator[Site]:
    """Serve an application behind *program*, configured as the page shows, and *service*.

    Args:
        program: `nginx` or `caddy`.
        folder: Where the program writes.
        service: The forward-auth service.
        edit: Changes the configuration of the page.
    """
    upstream = Upstream()
    with _http(upstream) as application, _http(service) as asked:
        text = edit(blocks({"nginx": "nginx", "caddy": "caddyfile"}[program])[0])
        ports = {"8000": application, "9091": asked, "8080": (port := _free_port())}
        for name, number in ports.items():
            text = text.replace(f":{name}", f":{number}")
        with _running(_command(program, folder, text), port, folder):
            yield Site(port, upstream)


def _http(app: Any) -> Any:
    return serving(lambda _: uvicorn.Config(app, log_level="warning", proxy_headers=False))


def _command(program: str, folder: Path, server: str) -> list[str]:
    path = str(PROGRAMS[program].find())
    if program == "nginx":
        configuration = folder / "nginx.conf"
        configuration.write_text(_NGINX.format(folder=folder, server=server))
        return [path, "-p", str(folder), "-c", str(configuration)]
    configuration = folder / "Caddyfile"
    configuration.write_text(_CADDY.format(server=server))
    return [path, "run", "--adapter", "caddyfile", "--config", str(configuration)]


def _free_port() -> int:
    with closing(socket(AF_INET, SOCK_STREAM)) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def _running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """Run a proxy, which listens on *port* within 10 seconds."""
    home = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=home)
    try:
        for _ in range(200):
            assert process.poll() is None, (folder / "output").read_text()
            try:
                create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                break
        yield
    finally:
        process.terminate()
        process.wait(20)
