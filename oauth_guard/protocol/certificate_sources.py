"""TLSExtension and ForwardedCertificate: where the client's certificate is read (RFC 8705 §3)."""

from collections.abc import Iterable
from typing import Protocol

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.mtls import CertificateFormat, forwarded_thumbprint, pem_thumbprint
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.trusted_proxy import TrustedProxy, header_field

__all__ = ["CertificateSource", "ForwardedCertificate", "TLSExtension"]

_FIELDS = {
    CertificateFormat.CLIENT_CERT: "Client-Cert",
    CertificateFormat.ESCAPED_PEM: "X-SSL-Client-Cert",
    CertificateFormat.XFCC: "X-Forwarded-Client-Cert",
}
_CHAIN = b"client-cert-chain"


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
        self._header = header_field(header or _FIELDS[self._format])
        self._proxy = TrustedProxy(secret, unrewritten_peers, owner="ForwardedCertificate")
        self.hidden_fields = frozenset({self._header, _CHAIN, self._proxy.secret_field} - {b""})
        self.vary: bytes | None = self._header

    def __repr__(self) -> str:
        return f"<ForwardedCertificate: {self._format}>"

    def thumbprint(self, request: ResourceRequest) -> str | None:
        """Return the thumbprint of the certificate that the proxy forwards.

        See `CertificateSource`. A request from elsewhere has no certificate.
        """
        if not self._proxy.has_sent(request.headers, request.peer):
            return None
        return forwarded_thumbprint(request.headers, self._header, self._format)


def _format(written_as: str) -> CertificateFormat:
    try:
        return CertificateFormat(written_as)
    except ValueError:
        formats = ", ".join(CertificateFormat)
        raise ConfigurationError(f"A forwarded certificate is written as {formats}.") from None
