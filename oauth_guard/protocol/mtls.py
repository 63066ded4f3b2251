"""Client certificates: their thumbprints, and the header fields of proxies (RFC 8705, RFC 9440)."""

import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from oauth_guard.errors import InvalidRequest, Reason
from oauth_guard.jose.thumbprint import encode_sha256

__all__ = [
    "MAX_CERTIFICATE_BYTES",
    "CertificateFormat",
    "certificate_thumbprint",
    "forwarded_thumbprint",
    "pem_thumbprint",
]

MAX_CERTIFICATE_BYTES = 16 * 1024
"""How many bytes a certificate may have, in the encoding in which it is received."""

_PEM = re.compile(
    rb"-----BEGIN CERTIFICATE-----\n((?:[A-Za-z0-9+/=]{1,76}\n)+)-----END CERTIFICATE-----\n?"
)
_ESCAPED = re.compile(rb"(?:[A-Za-z0-9\-._~]|%[0-9A-Fa-f]{2})+")
_XFCC_PAIR = re.compile(rb'(?P<key>[A-Za-z]+)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^",;]*))')
_XFCC_REPEATABLE = frozenset({b"by", b"uri", b"dns"})
_SHA256_HEX = re.compile(rb"[0-9A-Fa-f]{64}")


class CertificateFormat(StrEnum):
    """How a proxy writes the certificate of the client into a header field.

    Attributes:
        CLIENT_CERT: A structured field of type byte sequence, in `Client-Cert` (RFC 9440 §2.2).
        ESCAPED_PEM: PEM, percent-encoded once, as nginx writes `$ssl_client_escaped_cert`.
        XFCC: Envoy's `X-Forwarded-Client-Cert`, with exactly one element.
    """

    CLIENT_CERT = "client-cert"
    ESCAPED_PEM = "escaped-pem"
    XFCC = "xfcc"


def certificate_thumbprint(der: bytes) -> str:
    """Return the SHA-256 thumbprint of a certificate, base64url (`x5t#S256`, RFC 8705 §3.1).

    Not checked: who signed the certificate, and its validity period. The binding needs neither
    (RFC 8705 §6.2).

    Args:
        der: The certificate in DER.

    Raises:
        InvalidRequest: *der* is not a certificate, or has more bytes after it.
    """
    # Imported here, since it takes as long as a tenth of `import oauth_guard`.
    from cryptography.x509 import (  # noqa: PLC0415 - slow to import
        InvalidVersion,
        load_der_x509_certificate,
    )

    if len(der) > MAX_CERTIFICATE_BYTES:
        raise InvalidRequest(Reason.CERTIFICATE_TOO_LONG)
    try:
        load_der_x509_certificate(der)
    except (ValueError, InvalidVersion):
        raise InvalidRequest(Reason.MALFORMED_CERTIFICATE) from None
    return encode_sha256(der)


def pem_thumbprint(pem: bytes) -> str:
    """Return the thumbprint of the one certificate that *pem* holds.

    Raises:
        InvalidRequest: *pem* is not exactly one certificate in PEM.
    """
    match = _PEM.fullmatch(pem)
    if match is None:
        raise InvalidRequest(Reason.MALFORMED_CERTIFICATE)
    return certificate_thumbprint(_decode_base64(match[1].replace(b"\n", b"")))


def forwarded_thumbprint(
    headers: Iterable[tuple[bytes, bytes]], name: bytes, written_as: CertificateFormat
) -> str | None:
    """Return the thumbprint of the certificate that a proxy forwards, or None if it sent none.

    An empty value counts as none, since nginx sends one for a client without a certificate. It is
    not checked here whether the request comes from a trusted proxy.

    Args:
        headers: The header fields of the request, names in any case.
        name: The name of the field, in lower case.
        written_as: The format of its value.

    Raises:
        InvalidRequest: There are several fields, the value is too long or not in the format, or
            there is `Client-Cert-Chain` without `Client-Cert` (RFC 9440 §2.3).
    """
    values: list[bytes] = []
    chain = False
    for field, value in headers:
        lower = field.lower()
        if lower == name:
            values.append(value.strip(b" \t"))
        chain = chain or lower == b"client-cert-chain"
    if len(values) > 1:
        raise InvalidRequest(Reason.SEVERAL_CERTIFICATES)
    if not values or not values[0]:
        if chain and written_as is CertificateFormat.CLIENT_CERT:
            raise InvalidRequest(Reason.CHAIN_WITHOUT_CERTIFICATE)
        return None
    if len(values[0]) > MAX_CERTIFICATE_BYTES:
        raise InvalidRequest(Reason.CERTIFICATE_TOO_LONG)
    return _READERS[written_as](values[0])


def _read_client_cert(value: bytes) -> str:
    """Read a byte sequence between colons (RFC 9651 §3.3.5); parameters are not defined for it."""
    if not (value.startswith(b":") and value.endswith(b":")):
        raise InvalidRequest(Reason.MALFORMED_CERTIFICATE)
    return certificate_thumbprint(_decode_base64(value[1:-1]))


def _read_escaped_pem(value: bytes) -> str:
    if not _ESCAPED.fullmatch(value):
        raise InvalidRequest(Reason.MALFORMED_CERTIFICATE)
    return pem_thumbprint(unquote_to_bytes(value))


def _read_xfcc(value: bytes) -> str:
    """Read the one element; `Cert` decides, and `Hash` must agree with it or is there alone."""
    members = _parse_xfcc(value)
    thumbprints: set[str] = set()
    if b"cert" in members:
        thumbprints.add(_read_escaped_pem(members[b"cert"]))
    if b"hash" in members:
        thumbprints.add(_encode_digest(members[b"hash"]))
    if len(thumbprints) != 1:
        raise InvalidRequest(Reason.MALFORMED_CERTIFICATE)
    return thumbprints.pop()


def _parse_xfcc(value: bytes) -> dict[bytes, bytes]:
    """Return the members of the one element, names in lower case.

    A comma outside quotes begins another element, which another proxy or the client wrote. Which
    element describes the client of this resource can't be known, so several are rejected.
    """
    members: dict[bytes, bytes] = {}
    position = 0
    while True:
        match = _XFCC_PAIR.match(value, position)
        if match is None:
            raise InvalidRequest(Reason.MALFORMED_CERTIFICATE)
        key, position = match["key"].lower(), match.end()
        if key in members and key not in _XFCC_REPEATABLE:
            raise InvalidRequest(Reason.SEVERAL_CERTIFICATES)
        members[key] = match["quoted"] if match["plain"] is None else match["plain"]
        if position == len(value):
            return members
        if value[position : position + 1] == b",":
            raise InvalidRequest(Reason.SEVERAL_CERTIFICATES)
        if value[position : position + 1] != b";":
            raise InvalidRequest(Reason.MALFORMED_CERTIFICATE)
        position += 1


def _encode_digest(hexadecimal: bytes) -> str:
    if not _SHA256_HEX.fullmatch(hexadecimal):
        raise InvalidRequest(Reason.MALFORMED_CERTIFICATE)
    encoded = binascii.b2a_base64(bytes.fromhex(hexadecimal.decode("ascii")), newline=False)
    return encoded.translate(bytes.maketrans(b"+/", b"-_"), b"=").decode("ascii")


def _decode_base64(text: bytes) -> bytes:
    """Decode base64 in its one canonical spelling, padding included."""
    try:
        data = binascii.a2b_base64(text)
    except ValueError:
        raise InvalidRequest(Reason.MALFORMED_CERTIFICATE) from None
    if binascii.b2a_base64(data, newline=False) != text:
        raise InvalidRequest(Reason.MALFORMED_CERTIFICATE)
    return data


_READERS: Mapping[CertificateFormat, Callable[[bytes], str]] = {
    CertificateFormat.CLIENT_CERT: _read_client_cert,
    CertificateFormat.ESCAPED_PEM: _read_escaped_pem,
    CertificateFormat.XFCC: _read_xfcc,
}
