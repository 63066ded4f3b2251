"""A signature counts only by the algorithm that the token names and the key allows."""

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
from tests.unit.jose.forging import HEADER, decode, forge, key_for, segment
from tests.unit.jose.vectors import examples

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_FIXED = 32  # bytes of r, and of s
_SHA1 = hashes.SHA1()  # noqa: S303 - shown to be refused


def _signing_input(algorithm: str) -> bytes:
    return f"{segment({**HEADER, 'alg': algorithm})}.{segment({})}".encode()


def _accepts(algorithm: str, signature: bytes, key: str | None = None) -> bool:
    """Tell whether the key of *key*, without its own `alg`, takes *signature* as *algorithm*."""
    jwk = {name: value for name, value in key_for(key or algorithm).jwk.items() if name != "alg"}
    token = f"{_signing_input(algorithm).decode()}.{segment(signature)}"
    return import_key(jwk).verifies(parse_jws(token))


def _fixed(algorithm: str = "ES256") -> bytes:
    """Return a good ECDSA signature as RFC 7518 §3.4 writes it."""
    good = forge({**HEADER, "alg": algorithm}, {}, algorithm)
    return decode(good.rpartition(".")[2])


def _rsa(scheme: Any, kind: hashes.HashAlgorithm, algorithm: str) -> bytes:
    signature: bytes = key_for("RS256").private.sign(_signing_input(algorithm), scheme, kind)
    return signature


def _pss(salt: int) -> padding.PSS:
    return padding.PSS(padding.MGF1(hashes.SHA256()), salt)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "EdDSA", "RS256", "PS256"])
def test_a_good_signature_counts(algorithm: str) -> None:
    """The key of a token's algorithm verifies it, and no more once a byte is changed."""
    token = forge({**HEADER, "alg": algorithm}, {}, algorithm)
    key = import_key(key_for(algorithm).jwk)
    assert key.verifies(parse_jws(token))
    assert not key.verifies(parse_jws(token.replace(segment({}), segment({"a": 1}))))


@pytest.mark.parametrize(
    ("jwk", "token"), [*examples("rfc7515", "jwk", "token"), *examples("rfc8037", "jwk", "token")]
)
def test_the_examples_of_the_rfcs_verify(jwk: dict[str, Any], token: str) -> None:
    """Signatures that were printed long ago hold by the keys that were printed beside them."""
    signing_input, _, signature = token.rpartition(".")
    # Some sign text that is no JSON, so their payload is not for `parse_jws`.
    header = parse_jws(f"{token.partition('.')[0]}.e30.AAAA").header
    signed = JWS(header, {}, signing_input.encode(), decode(signature))
    assert import_key(jwk).verifies(signed)


def test_every_algorithm_is_known_to_verify() -> None:
    """Each of the algorithms on offer refuses a signature that is nothing like one."""
    for algorithm in ASYMMETRIC:
        keys = {"R": "RS256", "P": "RS256", "E": algorithm}
        key = "EdDSA" if algorithm.startswith("Ed") else keys[algorithm[0]]
        assert not _accepts(algorithm, b"\1" * 64, key)


def test_ed25519_goes_by_both_names() -> None:
    """RFC 9864 names the curve; the older name means the same signature."""
    signature = key_for("EdDSA").private.sign(_signing_input("Ed25519"))
    assert _accepts("Ed25519", signature, "EdDSA")
    assert not _accepts("EdDSA", signature)  # for it covers the name


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(_fixed()[:-1], id="63 bytes"),
        pytest.param(_fixed() + b"\0", id="65 bytes"),
        pytest.param(b"\0" + _fixed()[:32] + b"\0" + _fixed()[32:], id="66 bytes, as of zeros"),
        pytest.param(bytes(64), id="r and s zero"),
        pytest.param(bytes(32) + _fixed()[32:], id="r zero"),
        pytest.param(_fixed()[:32] + bytes(32), id="s zero"),
        pytest.param(_P256_ORDER.to_bytes(32, "big") * 2, id="r and s the order"),
        pytest.param(b"\xff" * 64, id="r and s beyond the order"),
        pytest.param(_fixed()[32:] + _fixed()[:32], id="s before r"),
        pytest.param(_fixed("ES384"), id="of another curve"),
    ],
)
def test_an_odd_ecdsa_signature_counts_for_nothing(signature: bytes) -> None:
    """Both r and s stand in 32 bytes each, neither zero nor past the order of the curve."""
    assert not _accepts("ES256", signature)


def test_a_der_signature_counts_for_nothing() -> None:
    """What libraries make by default is not what RFC 7518 §3.4 writes."""
    der = key_for("ES256").private.sign(_signing_input("ES256"), ec.ECDSA(hashes.SHA256()))
    fixed = b"".join(part.to_bytes(_FIXED, "big") for part in decode_dss_signature(der))
    assert _accepts("ES256", fixed)
    assert not _accepts("ES256", der)


@pytest.mark.parametrize(
    ("algorithm", "signature", "counts"),
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
            "PS256", _rsa(padding.PKCS1v15(), hashes.SHA256(), "PS256"), False, id="RS as PS256"
        ),
        pytest.param("RS256", bytes(256), False, id="zeros"),
        pytest.param("RS256", b"\xff" * 256, False, id="past the modulus"),
        pytest.param("RS256", b"\1" * 255, False, id="a byte too few"),
        pytest.param("RS256", b"\1" * 257, False, id="a byte too many"),
    ],
)
def test_an_rsa_signature_is_as_its_algorithm_says(
    algorithm: str, signature: bytes, counts: bool
) -> None:
    """Padding, hash and salt length are the algorithm's, whatever else would verify."""
    assert _accepts(algorithm, signature, "RS256") is counts


@pytest.mark.parametrize("algorithm", ["none", "None", "", "ES256 ", "es256", "HS256", "ES256K"])
def test_a_key_verifies_by_its_own_algorithms_alone(algorithm: str) -> None:
    """An algorithm that is no key's verifies nothing, with whatever signature."""
    assert not _accepts(algorithm, _fixed(), "ES256")


@pytest.mark.parametrize("made_from", ["PEM", "DER", "modulus", "JWK"])
def test_a_public_key_is_no_secret(made_from: str) -> None:
    """A MAC keyed with what everybody knows counts for nothing."""
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


def test_a_signature_of_another_edwards_curve_counts_for_nothing() -> None:
    """Ed448 signs under the name EdDSA too, but its keys are none of ours."""
    signature = ed448.Ed448PrivateKey.generate().sign(_signing_input("EdDSA"))
    assert not _accepts("EdDSA", signature)
