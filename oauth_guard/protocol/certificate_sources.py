"""TLSExtension and ForwardedCertificate: where the client's certificate is read (RFC 8705 §3)."""

import hmac
import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Protocol, TypeAlias

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.mtls import CertificateFormat, forwarded_thumbprint, pem_thumbprint
from oauth_guard.protocol.request import ResourceRequest

__all__ = ["CertificateSource", "ForwardedCertificate", "TLSExtension"]

Network: TypeAlias = IPv4Network | IPv6Network

_FIELDS = {
    CertificateFormat.CLIENT_CERT: "Client-Cert",
    CertificateFormat.ESCAPED_PEM: "X-SSL-Client-Cert",
    CertificateFormat.XFCC: "X-Forwarded-Client-Cert",
}
_CHAIN = b"client-cert-chain"
_FIELD_NAME = re.compile(r"[A-Za-z0-9\-]+")
_MIN_SECRET_BYTES = 16


class CertificateSource(Protocol):
    """Where the certificate of the client is read.

    Attributes:
        hidden_fields: The header fields, in lower case, that the application must not see.
        vary: The field that a response to a certificate depends on; None if it is not a field.
    """

    hidden_fields: frozenset[bytes]
    vary: bytes | None

    def thumbprint(self, request: ResourceRequest) -> str | None:
        """Return the SHA-256 thumbprint of the client's certificate, or None if it has none.

        Raises:
            InvalidRequest: The certificate is malformed, or there are several.
        """
        ...


class TLSExtension:
    """The certificate of this connection, where the server terminates TLS itself.

    It is read from the TLS extension of ASGI. A server that does not write that extension gives
    no certificate, so each certificate-bound token is rejected.
    """

    hidden_fields: frozenset[bytes] = frozenset()
    vary: bytes | None = None

    def thumbprint(self, request: ResourceRequest) -> str | None:
        """Return the thumbprint of the certificate of the client; see `CertificateSource`."""
        pem = request.client_certificate
        return None if pem is None else pem_thumbprint(pem.encode("utf-8", "replace"))


class ForwardedCertificate:
    """A certificate in a header field that a proxy writes, which terminates TLS.

    The proxy must remove that field from the requests of clients, and must write it on each
    request. A field of a request that does not come from the proxy is ignored. In each case the
    application does not see the field, nor that of the secret.

    Args:
        written_as: The format: `"client-cert"` (RFC 9440), `"escaped-pem"` (nginx) or `"xfcc"`
            (Envoy).
        header: The name of the field, if it is not `Client-Cert`, `X-SSL-Client-Cert` or
            `X-Forwarded-Client-Cert`.
        secret: The name of a field and the secret of 16 characters or more that the proxy writes
            into it: what has the secret comes from the proxy.
        unrewritten_peers: The addresses or networks of the proxies, for a server that gives the
            address of the TCP peer. Most servers replace it by one from `X-Forwarded-For`, unless
            configured otherwise: any client can then claim to be the proxy.

    Raises:
        ConfigurationError: The format, a name or an address is malformed, the secret is too
            short, or there is not exactly one of *secret* and *unrewritten_peers*.
    """

    def __init__(
        self,
        written_as: str,
        *,
        header: str | None = None,
        secret: tuple[str, str] | None = None,
        unrewritten_peers: Iterable[str] = (),
    ) -> None:
        self._format = _format(written_as)
        self._header = _field(header or _FIELDS[self._format])
        self._networks = _networks(unrewritten_peers)
        if (secret is None) is not bool(self._networks):
            raise ConfigurationError(
                'ForwardedCertificate needs secret=("X-Proxy-Secret", "...") or '
                "unrewritten_peers=[...]: one of them says which requests come from the proxy."
            )
        self._secret_field, self._secret = b"", b""
        if secret is not None:
            self._secret_field, self._secret = _field(secret[0]), secret[1].encode()
            if len(self._secret) < _MIN_SECRET_BYTES:
                raise ConfigurationError("secret= has 16 characters or more.")
        self.hidden_fields = frozenset({self._header, _CHAIN, self._secret_field} - {b""})
        self.vary: bytes | None = self._header

    def __repr__(self) -> str:
        return f"<ForwardedCertificate: {self._format}>"

    def thumbprint(self, request: ResourceRequest) -> str | None:
        """Return the thumbprint of the certificate that the proxy forwards.

        See `CertificateSource`. A request from elsewhere has no certificate.
        """
        if not self._comes_from_proxy(request):
            return None
        return forwarded_thumbprint(request.headers, self._header, self._format)

    def _comes_from_proxy(self, request: ResourceRequest) -> bool:
        if self._networks:
            return _is_in(request.peer, self._networks)
        values = [v for name, v in request.headers if name.lower() == self._secret_field]
        return len(values) == 1 and hmac.compare_digest(values[0], self._secret)


def _format(written_as: str) -> CertificateFormat:
    try:
        return CertificateFormat(written_as)
    except ValueError:
        formats = ", ".join(CertificateFormat)
        raise ConfigurationError(f"A forwarded certificate is written as {formats}.") from None


def _field(name: str) -> bytes:
    if not _FIELD_NAME.fullmatch(name):
        raise ConfigurationError(f"{name!r} is not the name of a header field.")
    return name.lower().encode("ascii")


def _networks(addresses: Iterable[str]) -> tuple[Network, ...]:
    if isinstance(addresses, str):
        raise ConfigurationError(f'unrewritten_peers= takes a list: ["{addresses}"].')
    try:
        return tuple(map(ip_network, addresses))
    except ValueError:
        raise ConfigurationError(
            'unrewritten_peers= takes addresses and networks like "10.0.0.5" and "10.1.0.0/16".'
        ) from None


def _is_in(peer: str | None, networks: Iterable[Network]) -> bool:
    try:
        address = ip_address(peer or "")
    except ValueError:
        return False
    return any(address in network for network in networks)
