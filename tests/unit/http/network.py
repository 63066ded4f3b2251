"""A simulated Internet on one machine: scripted host names and addresses, and real TLS."""

import asyncio
import datetime as dt
import json
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from socket import AI_NUMERICHOST
from typing import Any, TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_T = TypeVar("_T")
_DEADLINE = 10
_getaddrinfo = socket.getaddrinfo

SERVED = "served"
SILENT = "silent"
SLOW = "slow"


class Internet:
    """Host names, addresses, and one server; other addresses refuse connections.

    Args:
        directory: Where the files of the server's certificate are written.
        certified: The host names in the certificate.

    Attributes:
        names: The addresses of each host name; no real name server is queried.
        hosts: The addresses that do not refuse connections: `SERVED`, `SILENT` or
            `SLOW`, which connects after 0.5 s.
        responses: The response of the server by path: a JSON object, or the target of a redirect.
        attempts: The addresses of connection attempts, in order.
        requests: The URLs requested, in order.
        certificate: The file that a client must trust.
    """

    def __init__(self, directory: Path, *certified: str) -> None:
        self.names: dict[str, Sequence[str]] = {}
        self.hosts: dict[str, str] = {}
        self.responses: dict[str, Mapping[str, Any] | str] = {}
        self.attempts: list[str] = []
        self.requests: list[str] = []
        self.certificate = directory / "certificate.pem"
        self._key = directory / "key.pem"
        _certify(certified, self.certificate, self._key)

    def install(self, environment: pytest.MonkeyPatch) -> None:
        """Make clients trust the server by default, and use no proxy."""
        environment.setenv("SSL_CERT_FILE", str(self.certificate))
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            environment.delenv(name, raising=False)
            environment.delenv(name.upper(), raising=False)

    def _resolve(self, host: Any, port: Any, *more: Any, **options: Any) -> list[Any]:
        """Resolve *host*; an unknown name must be an address, in any spelling."""
        name = host.decode() if isinstance(host, bytes) else host
        resolved = []
        for address in self.names.get(name, [name]):
            numeric = {**dict(zip(("family", "type", "proto"), more, strict=False)), **options}
            resolved += _getaddrinfo(address, port, **{**numeric, "flags": AI_NUMERICHOST})
        return resolved

    def run(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Run *work* in an event loop that has these names and addresses only."""
        with (
            pytest.MonkeyPatch.context() as names,
            asyncio.Runner(loop_factory=lambda: _Loop(self)) as runner,
        ):
            names.setattr(socket, "getaddrinfo", self._resolve)
            return runner.run(self._with_server(work))

    async def _with_server(self, work: Callable[[], Awaitable[_T]]) -> _T:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self._key)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, _Loop)
        loop.port = server.sockets[0].getsockname()[1]
        async with server, asyncio.timeout(_DEADLINE):
            return await work()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                writer.write(self._response_to(head))
                await writer.drain()

    def _response_to(self, head: Sequence[str]) -> bytes:
        path = head[0].split(" ")[1]
        host = next(line[6:] for line in head if line.lower().startswith("host: "))
        self.requests.append(f"https://{host}{path}")
        response = self.responses.get(path, {})
        status, more = (
            ("302 Found", f"location: {response}\r\n")
            if isinstance(response, str)
            else ("200 OK", "")
        )
        body = json.dumps(response)
        fields = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n{more}"
        return f"HTTP/1.1 {status}\r\n{fields}\r\n{body}".encode()


class _Loop(asyncio.SelectorEventLoop):
    """An event loop with the host names and addresses of its Internet only."""

    port = 0

    def __init__(self, internet: Internet) -> None:
        super().__init__()
        self._internet = internet

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Connect to the server, refuse the connection, or wait forever."""
        self._internet.attempts.append(address[0])
        host = self._internet.hosts.get(address[0])
        if host == SILENT:
            await asyncio.Event().wait()
        if host == SLOW:
            await asyncio.sleep(0.5)
        elif host != SERVED:
            raise ConnectionRefusedError
        await super().sock_connect(sock, ("127.0.0.1", self.port))


def _certify(names: Sequence[str], certificate: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(list(map(x509.DNSName, names))), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
