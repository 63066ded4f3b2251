"""jwk_from_pem: read a public key or certificate in PEM as a JSON Web Key (RFC 7468)."""

import base64
import re
from collections.abc import Callable, Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

__all__ = ["jwk_from_pem"]

_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


def jwk_from_pem(pem: str | bytes) -> dict[str, str]:
    """Return the public key in *pem*, text or bytes, as a JWK without `kid` and `alg`.

    *pem* is one block: a public key, or a certificate, of which only the key is used. Issuer,
    dates and signature of a certificate are not checked, nor is the strength of the key.

    Raises:
        ValueError: *pem* is not one such block, is a private key, or its type is unknown. The
            text quotes nothing of it.
    """
    data = pem.encode() if isinstance(pem, str) else pem
    labels = _LABEL.findall(data)
    if any(label.endswith(b"PRIVATE KEY") for label in labels):
        raise ValueError("the key is private: write its public half")
    if len(labels) != 1:
        raise ValueError(
            "write one block, '-----BEGIN PUBLIC KEY-----', with its line breaks; for several "
            "keys {kid: PEM}"
        )
    try:
        return _jwk(_LOADERS.get(labels[0], _load_other)(data))
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("the block is no public key or certificate of a known type") from None


def _load_certificate(data: bytes) -> object:
    # Imported here, since it takes as long as a tenth of `import oauth_guard`.
    from cryptography.x509 import (  # noqa: PLC0415 - slow to import
        InvalidVersion,
        load_pem_x509_certificate,
    )

    try:
        return load_pem_x509_certificate(data).public_key()
    except InvalidVersion as error:  # is no ValueError
        raise ValueError("a certificate of another version") from error


def _load_other(_: bytes) -> object:
    raise ValueError("a block of another kind")


_LOADERS: Mapping[bytes, Callable[[bytes], object]] = {
    b"PUBLIC KEY": load_pem_public_key,
    b"RSA PUBLIC KEY": load_pem_public_key,
    b"CERTIFICATE": _load_certificate,
}


def _jwk(key: object) -> dict[str, str]:
    if isinstance(key, RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": _integer(numbers.n), "e": _integer(numbers.e)}
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in _CURVES:
        point, length = key.public_numbers(), (key.curve.key_size + 7) // 8
        x, y = _integer(point.x, length), _integer(point.y, length)
        return {"kty": "EC", "crv": _CURVES[key.curve.name], "x": x, "y": y}
    if isinstance(key, Ed25519PublicKey):
        x = _encode(key.public_bytes_raw())
        return {"kty": "OKP", "crv": "Ed25519", "x": x}
    raise ValueError("the key's type or curve is unknown")


def _integer(number: int, length: int | None = None) -> str:
    """Write an unsigned integer, big-endian (RFC 7518 §2, §6.2.1.2)."""
    size = (number.bit_length() + 7) // 8 if length is None else length
    return _encode(number.to_bytes(size, "big"))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
