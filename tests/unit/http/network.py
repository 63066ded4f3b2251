"""An Internet of one machine: names and addresses as a test scripts them, and real TLS."""

import asyncio
import datetime as dt
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from socket import AI_NUMERICHOST, socket
from typing import Any, TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_T = TypeVar("_T")
_BOUND = 10

SERVED = "served"
SILENT = "silent"


class Internet:
    """Names, addresses, and one server behind those that are `SERVED`; the others refuse.

    Args:
        directory: Where the server's certificate is kept.
        certified: The names that the certificate is for.

    Attributes:
        names: The addresses of each name; nobody outside is asked about any.
        places: The addresses at which somebody is, `SERVED` or `SILENT`.
        answers: What the server answers by path: a JSON object, or where to go instead.
        attempts: The addresses that were connected to, in order.
        requests: What was asked for, as URLs.
        certificate: The file that a client must trust.
    """

    def __init__(self, directory: Path, *certified: str) -> None:
        self.names: dict[str, Sequence[str]] = {}
        self.places: dict[str, str] = {}
        self.answers: dict[str, Mapping[str, Any] | str] = {}
        self.attempts: list[str] = []
        self.requests: list[str] = []
        self.certificate = directory / "certificate.pem"
        self._key = directory / "key.pem"
        _certify(certified, self.certificate, self._key)

    def become(self, environment: pytest.MonkeyPatch) -> None:
        """Let clients trust the server by default, and know no proxy."""
        environment.setenv("SSL_CERT_FILE", str(self.certificate))
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            environment.delenv(name, raising=False)
            environment.delenv(name.upper(), raising=False)

    def run(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Do *work* where only these names and addresses are."""
        with asyncio.Runner(loop_factory=lambda: _Loop(self)) as runner:
            return runner.run(self._beside_the_server(work))

    async def _beside_the_server(self, work: Callable[[], Awaitable[_T]]) -> _T:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self._key)
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0, ssl=context)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, _Loop)
        loop.port = server.sockets[0].getsockname()[1]
        async with server, asyncio.timeout(_BOUND):
            return await work()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                writer.write(self._answer_to(head))
                await writer.drain()

    def _answer_to(self, head: Sequence[str]) -> bytes:
        path = head[0].split(" ")[1]
        host = next(line[6:] for line in head if line.lower().startswith("host: "))
        self.requests.append(f"https://{host}{path}")
        answer = self.answers.get(path, {})
        status, more = (
            ("302 Found", f"location: {answer}\r\n") if isinstance(answer, str) else ("200 OK", "")
        )
        body = json.dumps(answer)
        fields = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n{more}"
        return f"HTTP/1.1 {status}\r\n{fields}\r\n{body}".encode()


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that knows no names and addresses but those of its Internet."""

    port = 0

    def __init__(self, internet: Internet) -> None:
        super().__init__()
        self._internet = internet

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        """Look *host* up; who is unknown must be an address, in whatever spelling."""
        name = host.decode() if isinstance(host, bytes) else host
        options["flags"] = options.get("flags", 0) | AI_NUMERICHOST
        found = []
        for address in self._internet.names.get(name, [name]):
            found += await super().getaddrinfo(address, port, **options)
        return found

    async def sock_connect(self, sock: socket, address: Any) -> None:
        """Connect to the server, to nobody, or never."""
        self._internet.attempts.append(address[0])
        place = self._internet.places.get(address[0])
        if place == SILENT:
            await asyncio.Event().wait()
        if place != SERVED:
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
