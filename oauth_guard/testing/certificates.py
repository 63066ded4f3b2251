"""ClientCertificate: a certificate with its key, and the header fields that proxies write of it."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Self, TypeAlias
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from oauth_guard.jose.thumbprint import encode_sha256

__all__ = ["CERTIFICATE_ATTACKS", "ClientCertificate"]

_VALID_FROM = datetime(2020, 1, 1, tzinfo=UTC)
_LIFETIME = timedelta(days=365 * 50)


@dataclass(frozen=True, repr=False)
class ClientCertificate:
    """The certificate of a client for mutual TLS, with a key on P-256, valid from 2020 to 2069.

    Bind a token: `issuer.token("read", cnf=certificate.cnf)`.

    Attributes:
        name: The common name of its subject.
        issuer: The certificate that signs it; None for a self-signed one.
        is_authority: Whether it may sign others.
    """

    name: str = "client"
    issuer: Self | None = None
    is_authority: bool = False
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The certificate as `cryptography` has it."""
        issuer = self.issuer or self
        return (
            x509.CertificateBuilder()
            .subject_name(_common_name(self.name))
            .issuer_name(_common_name(issuer.name))
            .public_key(self.private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_VALID_FROM)
            .not_valid_after(_VALID_FROM + _LIFETIME)
            .add_extension(x509.BasicConstraints(self.is_authority, None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.private.public_key()),
                critical=False,
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.private.public_key()),
                critical=False,
            )
            .sign(issuer.private, SHA256())
        )

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        """The certificate in PEM, as the ASGI TLS extension carries it."""
        return self.certificate.public_bytes(Encoding.PEM).decode("ascii")

    @property
    def private_pem(self) -> str:
        """The private key in PEM, for a TLS client."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(
            "ascii"
        )

    @property
    def thumbprint(self) -> str:
        """The SHA-256 thumbprint of the certificate, base64url."""
        return encode_sha256(self.der)

    @property
    def cnf(self) -> dict[str, str]:
        """The `cnf` claim of a token that is bound to this certificate (RFC 8705 §3.1)."""
        return {"x5t#S256": self.thumbprint}

    @property
    def client_cert(self) -> str:
        """The value of `Client-Cert` (RFC 9440 §2.2)."""
        return f":{b64encode(self.der).decode('ascii')}:"

    @property
    def escaped_pem(self) -> str:
        """The certificate as nginx writes `$ssl_client_escaped_cert`."""
        return quote(self.pem, safe="")

    @property
    def xfcc(self) -> str:
        """The value of Envoy's `X-Forwarded-Client-Cert`, with `Hash` and `Cert`."""
        digest = self.certificate.fingerprint(SHA256()).hex()
        return f'Hash={digest};Cert="{self.escaped_pem}";Subject="CN={self.name}";URI='


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


_ONES = b"\xff" * 8  # which the two alphabets of base64 spell in two ways

Attack: TypeAlias = Callable[[ClientCertificate], str]
"""Makes the value of a header field of a certificate."""

CERTIFICATE_ATTACKS: Mapping[str, Mapping[str, Attack]] = {
    "client-cert": {
        "escaped PEM": lambda each: each.escaped_pem,
        "no colons": lambda each: each.client_cert.strip(":"),
        "one colon": lambda each: each.client_cert[:-1],
        "only colons": lambda _: "::",
        "base64url": lambda each: f":{urlsafe_b64encode(each.der + _ONES).decode()}:",
        "no padding": lambda each: f":{b64encode(each.der + b'0').decode().rstrip('=')}:",
        "no certificate": lambda _: ":AAAA:",
        "more after it": lambda each: f":{b64encode(each.der + bytes(3)).decode()}:",
        "two in a list": lambda each: f"{each.client_cert}, {each.client_cert}",
        "a parameter": lambda each: f"{each.client_cert};a=1",
        "too large": lambda _: f":{'A' * 20_000}:",
    },
    "escaped-pem": {
        "escaped twice": lambda each: quote(each.escaped_pem, safe=""),
        "not escaped": lambda each: each.pem,
        "no certificate": lambda _: quote(
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", safe=""
        ),
        "a private key": lambda each: quote(each.private_pem, safe=""),
        "two in one": lambda each: quote(each.pem + each.pem, safe=""),
        "text before it": lambda each: f"x{each.escaped_pem}",
        "broken escape": lambda each: f"{each.escaped_pem}%0",
        "byte sequence": lambda each: each.client_cert,
        "too large": lambda each: each.escaped_pem + "%0A" * 8000,
    },
    "xfcc": {
        "two elements": lambda each: f"{each.xfcc},{each.xfcc}",
        "an element of another": lambda each: f"{each.xfcc},By=x",
        "two hashes": lambda each: f"Hash={'0' * 64};{each.xfcc}",
        "two certificates": lambda each: f"{each.xfcc};Cert={each.escaped_pem}",
        "hash of another": lambda each: f"Hash={'0' * 64};Cert={each.escaped_pem}",
        "no certificate": lambda each: f'Subject="CN={each.name}"',
        "short hash": lambda _: "Hash=00",
        "open quote": lambda each: f'Cert="{each.escaped_pem}',
        "text after a quote": lambda each: f'Cert="{each.escaped_pem}"x',
        "ends in a semicolon": lambda each: f"{each.xfcc};",
        "escaped twice": lambda each: f"Cert={quote(each.escaped_pem, safe='')}",
        "too large": lambda each: f"{each.xfcc};URI={'x' * 20_000}",
    },
}
"""Values of header fields that a resource must reject, by the format and by name."""
