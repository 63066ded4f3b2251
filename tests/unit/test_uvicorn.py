"""uvicorn gives the certificate of the client to the application, over HTTP and WebSocket."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from oauth_guard.possession import TLSExtension
from oauth_guard.testing import LocalIssuer
from oauth_guard.uvicorn import HTTPProtocol, WebSocketProtocol, with_client_certificate
from tests.builders.tls_server import Authority, get, greeting, guarded_app, serving

LOCAL = LocalIssuer()
AUTHORITY = Authority()
CLIENT, OTHER, NAMELESS = (AUTHORITY.client(name) for name in ("client", "other", None))


@pytest.fixture(params=["default", "h11"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """Serve the guarded API over TLS; yield its port."""
    http: Any = HTTPProtocol if request.param == "default" else with_client_certificate(H11Protocol)
    with _serving(tmp_path, http=http, ws=WebSocketProtocol) as port:
        yield port


@contextmanager
def _serving(folder: Path, **protocols: Any) -> Iterator[int]:
    """Serve over TLS with a certificate in *folder*; each client may show one of its own."""
    certificate, authority = folder / "server.pem", folder / "authority.pem"
    AUTHORITY.server.private_key_and_cert_chain_pem.write_to_path(str(certificate))
    AUTHORITY.ca.cert_pem.write_to_path(str(authority))
    app = guarded_app(LOCAL, certificates=TLSExtension())

    def configure(_port: int) -> uvicorn.Config:
        return uvicorn.Config(
            app,
            ssl_certfile=certificate,
            ssl_ca_certs=str(authority),
            ssl_cert_reqs=ssl.CERT_OPTIONAL,
            log_level="warning",
            **protocols,
        )

    with serving(configure) as port:
        yield port


@pytest.mark.conformance("8705-01", "8705-02")
def test_token_is_bound_to_the_certificate_of_its_connection(port: int) -> None:
    """Accepted from its owner, also from the cache; rejected from every other client."""
    token = LOCAL.token("read", cnf=CLIENT.cnf)
    for _ in range(2):
        assert get(port, CLIENT, token).status_code == 200
        assert get(port, OTHER, token).status_code == 401
        assert get(port, NAMELESS, token).status_code == 401
    assert get(port, NAMELESS, LOCAL.token("read")).status_code == 200


@pytest.mark.conformance("8705-01", "8705-02")
def test_handshake_is_bound_to_the_certificate_of_its_connection(port: int) -> None:
    """As a request is."""
    token = LOCAL.token("read", cnf=CLIENT.cnf)
    assert greeting(port, CLIENT, token) == "u1"
    assert greeting(port, OTHER, token) == 401
    assert greeting(port, NAMELESS, token) == 401


def test_server_with_its_own_protocols_rejects_each_bound_token(tmp_path: Path) -> None:
    """It gives no certificate to the application, so nothing is proven."""
    protocols = {"http": H11Protocol, "ws": WebSocketsSansIOProtocol}
    with _serving(tmp_path, **protocols) as port:
        assert get(port, CLIENT, LOCAL.token("read", cnf=CLIENT.cnf)).status_code == 401
        assert get(port, CLIENT, LOCAL.token("read")).status_code == 200


def test_connection_without_tls_has_no_extension() -> None:
    """A plain server serves as before."""
    app = guarded_app(LOCAL, certificates=TLSExtension())
    with serving(
        lambda _: uvicorn.Config(app, http=HTTPProtocol, ws="none", log_level="warning")
    ) as port:
        headers = {"Authorization": f"Bearer {LOCAL.token('read')}"}
        url = f"http://127.0.0.1:{port}/r"
        assert httpx.get(url, headers=headers, trust_env=False).status_code == 200
        headers = {"Authorization": f"Bearer {LOCAL.token('read', cnf=CLIENT.cnf)}"}
        assert httpx.get(url, headers=headers, trust_env=False).status_code == 401
