"""uvicorn with httptools gives the client's certificate to the application, as with h11."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from oauth_guard.testing import LocalIssuer
from tests.builders.tls_server import Authority, get, greeting
from tests.tools.benchmarks.peers.environment import ENVIRONMENT, prepare

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
LOCAL, AUTHORITY = LocalIssuer(), Authority()
OWNER, OTHER, NAMELESS = (AUTHORITY.client(name) for name in ("owner", "other", None))


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve the API in an environment of its own; yield its port."""
    requirements = Path(__file__).with_name("httptools_requirements.txt")
    python = prepare(ENVIRONMENT.with_name("httptools"), requirements)
    folder = tmp_path_factory.mktemp("certificates")
    certificate, authority = folder / "server.pem", folder / "authority.pem"
    AUTHORITY.server.private_key_and_cert_chain_pem.write_to_path(str(certificate))
    AUTHORITY.ca.cert_pem.write_to_path(str(authority))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    served = {
        "issuer": LOCAL.issuer,
        "audience": LOCAL.audience,
        "jwks": LOCAL.jwks,
        "port": port,
        "certificate": str(certificate),
        "authority": str(authority),
    }
    process = subprocess.Popen(
        [str(python), "-m", "tests.robustness.foreign_frameworks.certified_site"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SERVED": json.dumps(served)},
    )
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the server does not listen")


@pytest.mark.conformance("8705-01", "8705-02")
def test_httptools_binds_a_request_to_the_certificate_of_its_connection(port: int) -> None:
    """Accepted from the owner, also from the cache; rejected from every other client."""
    token = LOCAL.token("read", cnf=OWNER.cnf)
    for _ in range(2):
        accepted = get(port, OWNER, token)
        assert (accepted.status_code, accepted.text) == (200, "HttpToolsProtocol")
        assert get(port, OTHER, token).status_code == 401
        assert get(port, NAMELESS, token).status_code == 401
    assert get(port, NAMELESS, LOCAL.token("read")).status_code == 200


@pytest.mark.conformance("8705-01", "8705-02")
def test_httptools_binds_a_handshake_to_the_certificate_of_its_connection(port: int) -> None:
    """As a request is."""
    token = LOCAL.token("read", cnf=OWNER.cnf)
    assert greeting(port, OWNER, token) == "hello"
    assert greeting(port, OTHER, token) == 401
    assert greeting(port, NAMELESS, token) == 401
