"""nginx terminates TLS and forwards the client's certificate; nobody else can write it."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, create_connection, socket
from types import MappingProxyType

import httpx
import pytest
import uvicorn

from oauth_guard.possession import ForwardedCertificate
from oauth_guard.testing import LocalIssuer
from oauth_guard.testing.certificates import ClientCertificate
from tests.builders.tls_server import Authority, Client, guarded_app, serving
from tests.needs import PROGRAMS

pytestmark = pytest.mark.needs("nginx")

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
SECRET = "0123456789abcdef0123456789abcdef"
LOCAL = LocalIssuer()
AUTHORITY = Authority()
CLIENT, OTHER, NAMELESS = (AUTHORITY.client(name) for name in ("client", "other", None))

CONFIGURATION = """
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
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.pem;
        ssl_client_certificate {folder}/authority.pem;
        ssl_verify_client optional;
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;
            proxy_set_header X-Proxy-Secret {secret};
        }}
    }}
}}
"""


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """Serve the guarded API behind nginx; yield the ports of nginx and of the API itself."""
    source = ForwardedCertificate("escaped-pem", secret=("X-Proxy-Secret", SECRET))
    app = guarded_app(LOCAL, certificates=source)
    with (
        serving(lambda _: uvicorn.Config(app, log_level="warning")) as upstream,
        _nginx(tmp_path_factory.mktemp("nginx"), upstream) as port,
    ):
        yield port, upstream


@contextmanager
def _nginx(folder: Path, upstream: int) -> Iterator[int]:
    AUTHORITY.server.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    AUTHORITY.ca.cert_pem.write_to_path(str(folder / "authority.pem"))
    with closing(socket(AF_INET, SOCK_STREAM)) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    configuration = CONFIGURATION.format(folder=folder, port=port, upstream=upstream, secret=SECRET)
    (folder / "nginx.conf").write_text(configuration)
    command = [str(PROGRAMS["nginx"].find()), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until nginx accepts connections, at most 10 seconds."""
    for _ in range(200):
        assert process.poll() is None, "nginx ended"
        try:
            create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx does not listen")


def get(
    url: str, token: str, client: Client = NAMELESS, headers: Mapping[str, str] = NO_HEADERS
) -> int:
    """Return the status of a request."""
    fields = {"Authorization": f"Bearer {token}", **headers}
    return httpx.get(url, headers=fields, verify=client.context, trust_env=False).status_code


@pytest.mark.conformance("9440-02", "8705-02")
def test_token_is_bound_to_the_certificate_that_nginx_forwards(ports: tuple[int, int]) -> None:
    """Accepted from its owner, also from the cache; rejected from every other client."""
    url = f"https://127.0.0.1:{ports[0]}/r"
    token = LOCAL.token("read", cnf=CLIENT.cnf)
    for _ in range(2):
        assert get(url, token, CLIENT) == 200
        assert get(url, token, OTHER) == 401
        assert get(url, token) == 401
    assert get(url, LOCAL.token("read")) == 200


@pytest.mark.conformance("9440-02")
def test_client_cannot_write_the_field_of_the_proxy(ports: tuple[int, int]) -> None:
    """Nginx replaces it, and beside nginx the secret is missing."""
    certificate = ClientCertificate()
    token = LOCAL.token("read", cnf=certificate.cnf)
    forged = {"X-SSL-Client-Cert": certificate.escaped_pem}
    assert get(f"https://127.0.0.1:{ports[0]}/r", token, headers=forged) == 401
    assert get(f"https://127.0.0.1:{ports[0]}/r", token, OTHER, forged) == 401
    beside = f"http://127.0.0.1:{ports[1]}/r"
    assert get(beside, token, headers=forged) == 401
    assert get(beside, token, headers={**forged, "X-Proxy-Secret": "0" * 32}) == 401
    assert get(beside, token, headers={**forged, "X-Proxy-Secret": SECRET}) == 200
