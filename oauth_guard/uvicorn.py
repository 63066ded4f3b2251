"""Protocols of uvicorn that give the certificate of the client to the application (ASGI TLS).

uvicorn does not write the TLS extension of ASGI itself. With these protocols it does, over HTTP and
WebSocket, so that `TLSExtension` can read the certificate:

    uvicorn.run(
        "api:app",
        http="oauth_guard.uvicorn:HTTPProtocol",
        ws="oauth_guard.uvicorn:WebSocketProtocol",
        ssl_certfile="server.pem",
        ssl_ca_certs="clients.pem",
        ssl_cert_reqs=ssl.CERT_OPTIONAL,
    )

uvicorn asks clients for a certificate only with `ssl_cert_reqs`. One that is not signed by an
authority in `ssl_ca_certs` ends the connection.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeVar

from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.protocols.websockets.auto import AutoWebSocketsProtocol

__all__ = ["HTTPProtocol", "WebSocketProtocol", "with_client_certificate"]

_VERSIONS = {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}

_Protocol = TypeVar("_Protocol", bound=Callable[..., asyncio.Protocol])


def with_client_certificate(protocol: _Protocol) -> _Protocol:
    """Return a protocol class like *protocol* that writes the TLS extension of ASGI.

    Without TLS nothing is written. The chain contains the client's own certificate alone.

    Args:
        protocol: A class of uvicorn, for HTTP or for WebSocket.
    """

    class CertifiedProtocol(protocol):  # type: ignore[misc, valid-type] # it is a class
        app: Any

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            """Read the certificate of the client once for each connection."""
            super().connection_made(transport)
            ssl_object = transport.get_extra_info("ssl_object")
            if ssl_object is not None:
                self.app = _with_extension(self.app, _members(ssl_object))

    return CertifiedProtocol  # type: ignore[return-value] # a subclass of it


def _members(ssl_object: ssl.SSLObject) -> dict[str, Any]:
    certificate = ssl_object.getpeercert(binary_form=True)
    chain = [] if certificate is None else [ssl.DER_cert_to_PEM_cert(certificate)]
    return {
        "server_cert": None,
        "client_cert_chain": chain,
        "client_cert_name": None,
        "client_cert_error": None,
        "tls_version": _VERSIONS.get(ssl_object.version() or ""),
        "cipher_suite": None,
    }


def _with_extension(
    app: Callable[..., Awaitable[None]], members: dict[str, Any]
) -> Callable[..., Awaitable[None]]:
    async def certified(connection: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        extensions = connection.setdefault("extensions", {})
        extensions["tls"] = {**members, "client_cert_chain": list(members["client_cert_chain"])}
        await app(connection, receive, send)

    return certified


HTTPProtocol = with_client_certificate(AutoHTTPProtocol)
"""The HTTP protocol that uvicorn uses by default."""

WebSocketProtocol = AutoWebSocketsProtocol and with_client_certificate(AutoWebSocketsProtocol)
"""The WebSocket protocol that uvicorn uses by default; None if no library for it is installed."""
