"""A key verifies a signature only with an algorithm that the token names and the key allows."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms

from oauth_guard.jose.algorithms import ASYMMETRIC
from oauth_guard.jose.jwk import import_key
from oauth_guard.jose.jws import JWS, parse_jws
from oauth_guard.jose.ml_dsa import ML_DSA
from tests.unit.jose.forging import HEADER, decode, forge, key_for, segment
from tests.unit.jose.vectors import examples

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_INTEGER_BYTES = 32  # of r, and of s
_SHA1 = hashes.SHA1()  # noqa: S303 - to be rejected


def _signing_input(algorithm: str) -> bytes:
    return f"{segment({**HEADER, 'alg': algorithm})}.{segment({})}".encode()


def _accepts(algorithm: str, signature: bytes, key: str | None = None) -> bool:
    """Return whether the JWK of *key*, without `alg`, verifies *signature* with *algorithm*."""
    jwk = {name: value for name, value in key_for(key or algorithm).jwk.items() if name != "alg"}
    token = f"{_signing_input(algorithm).decode()}.{segment(signature)}"
    return import_key(jwk).verifies(parse_jws(token))


def _raw_ecdsa(algorithm: str = "ES256") -> bytes:
    """Return a valid ECDSA signature as RFC 7518 §3.4 encodes it: r, then s."""
    token = forge({**HEADER, "alg": algorithm}, {}, algorithm)
    return decode(token.rpartition(".")[2])


def _rsa(scheme: Any, digest: hashes.HashAlgorithm, algorithm: str) -> bytes:
    signature: bytes = key_for("RS256").private.sign(_signing_input(algorithm), scheme, digest)
    return signature


def _pss(salt: int) -> padding.PSS:
    return padding.PSS(padding.MGF1(hashes.SHA256()), salt)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "EdDSA", "RS256", "PS256"])
def test_valid_signature_is_accepted_and_changed_payload_rejected(algorithm: str) -> None:
    """The key is imported from its JWK."""
    token = forge({**HEADER, "alg": algorithm}, {}, algorithm)
    key = import_key(key_for(algorithm).jwk)
    assert key.verifies(parse_jws(token))
    assert not key.verifies(parse_jws(token.replace(segment({}), segment({"a": 1}))))


@pytest.mark.parametrize(
    ("jwk", "token"), [*examples("rfc7515", "jwk", "token"), *examples("rfc8037", "jwk", "token")]
)
def test_signature_of_an_rfc_example_is_accepted(jwk: dict[str, Any], token: str) -> None:
    """Token and key are those that RFC 7515 and RFC 8037 print."""
    signing_input, _, signature = token.rpartition(".")
    # Some payloads are not JSON, so `parse_jws` gets an empty object instead.
    header = parse_jws(f"{token.partition('.')[0]}.e30.AAAA").header
    signed = JWS(header, {}, signing_input.encode(), decode(signature))
    assert import_key(jwk).verifies(signed)


def test_malformed_signature_is_rejected_by_every_algorithm() -> None:
    """Every supported asymmetric algorithm is tried."""
    for algorithm in ASYMMETRIC - ML_DSA.keys():
        keys = {"R": "RS256", "P": "RS256", "E": algorithm}
        key = "EdDSA" if algorithm.startswith("Ed") else keys[algorithm[0]]
        assert not _accepts(algorithm, b"\1" * 64, key)


def test_ed25519_signature_is_accepted_under_the_name_of_rfc_9864() -> None:
    """`Ed25519` and the older `EdDSA` name the same signature."""
    signature = key_for("EdDSA").private.sign(_signing_input("Ed25519"))
    assert _accepts("Ed25519", signature, "EdDSA")
    assert not _accepts("EdDSA", signature)  # the signature covers the header


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(_raw_ecdsa()[:-1], id="63 bytes"),
        pytest.param(_raw_ecdsa() + b"\0", id="65 bytes"),
        pytest.param(
            b"\0" + _raw_ecdsa()[:32] + b"\0" + _raw_ecdsa()[32:], id="66 bytes, zeros first"
        ),
        pytest.param(bytes(64), id="r and s zero"),
        pytest.param(bytes(32) + _raw_ecdsa()[32:], id="r zero"),
        pytest.param(_raw_ecdsa()[:32] + bytes(32), id="s zero"),
        pytest.param(_P256_ORDER.to_bytes(32, "big") * 2, id="r and s equal to the order"),
        pytest.param(b"\xff" * 64, id="r and s above the order"),
        pytest.param(_raw_ecdsa()[32:] + _raw_ecdsa()[:32], id="s before r"),
        pytest.param(_raw_ecdsa("ES384"), id="of another curve"),
    ],
)
def test_ecdsa_signature_of_wrong_length_or_range_is_rejected(signature: bytes) -> None:
    """R and s have 32 bytes each, and are above zero and below the order of the curve."""
    assert not _accepts("ES256", signature)


def test_ecdsa_signature_in_der_is_rejected() -> None:
    """Libraries encode to DER by default; RFC 7518 §3.4 does not."""
    der = key_for("ES256").private.sign(_signing_input("ES256"), ec.ECDSA(hashes.SHA256()))
    raw = b"".join(part.to_bytes(_INTEGER_BYTES, "big") for part in decode_dss_signature(der))
    assert _accepts("ES256", raw)
    assert not _accepts("ES256", der)


@pytest.mark.parametrize(
    ("algorithm", "signature", "accepted"),
    [
        pytest.param("PS256", _rsa(_pss(32), hashes.SHA256(), "PS256"), True, id="a salt of 32"),
        pytest.param("PS256", _rsa(_pss(0), hashes.SHA256(), "PS256"), False, id="no salt"),
        pytest.param("PS256", _rsa(_pss(20), hashes.SHA256(), "PS256"), False, id="a short salt"),
        pytest.param("PS256", _rsa(_pss(64), hashes.SHA256(), "PS256"), False, id="a long salt"),
        pytest.param(
            "RS256", _rsa(padding.PKCS1v15(), hashes.SHA256(), "RS256"), True, id="PKCS 1"
        ),
        pytest.param("RS256", _rsa(padding.PKCS1v15(), _SHA1, "RS256"), False, id="SHA-1"),
        pytest.param(
            "RS256", _rsa(padding.PKCS1v15(), hashes.SHA512(), "RS256"), False, id="SHA-512"
        ),
        pytest.param("RS256", _rsa(_pss(32), hashes.SHA256(), "RS256"), False, id="PSS as RS256"),
        pytest.param(
            "PS256", _rsa(padding.PKCS1v15(), hashes.SHA256(), "PS256"), False, id="PKCS 1 as PS256"
        ),
        pytest.param("RS256", bytes(256), False, id="zeros"),
        pytest.param("RS256", b"\xff" * 256, False, id="above the modulus"),
        pytest.param("RS256", b"\1" * 255, False, id="a byte too few"),
        pytest.param("RS256", b"\1" * 257, False, id="a byte too many"),
    ],
)
def test_rsa_signature_needs_padding_hash_and_salt_of_its_algorithm(
    algorithm: str, signature: bytes, accepted: bool
) -> None:
    """A signature that is valid for another padding, hash or salt length is rejected."""
    assert _accepts(algorithm, signature, "RS256") is accepted


@pytest.mark.parametrize("algorithm", ["none", "None", "", "ES256 ", "es256", "HS256", "ES256K"])
def test_algorithm_that_is_not_the_keys_is_rejected(algorithm: str) -> None:
    """Unknown, misspelled and symmetric algorithms are tried with an EC key."""
    assert not _accepts(algorithm, _raw_ecdsa(), "ES256")


@pytest.mark.parametrize("made_from", ["PEM", "DER", "modulus", "JWK"])
def test_mac_keyed_with_the_public_key_is_rejected(made_from: str) -> None:
    """This is the algorithm confusion of RFC 8725 §2.1."""
    rsa = key_for("RS256")
    public, kind = rsa.private.public_key(), PublicFormat.SubjectPublicKeyInfo
    secrets = {
        "PEM": public.public_bytes(Encoding.PEM, kind),
        "DER": public.public_bytes(Encoding.DER, kind),
        "modulus": base64.urlsafe_b64decode(rsa.jwk["n"] + "=="),
        "JWK": str(rsa.jwk).encode(),
    }
    mac = get_default_algorithms()["HS256"].sign(_signing_input("HS256"), secrets[made_from])
    assert not _accepts("HS256", mac, "RS256")


def test_ed448_signature_is_rejected() -> None:
    """`EdDSA` may name Ed448 too, which is not supported."""
    signature = ed448.Ed448PrivateKey.generate().sign(_signing_input("EdDSA"))
    assert not _accepts("EdDSA", signature)
