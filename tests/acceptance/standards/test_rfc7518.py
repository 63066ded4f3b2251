"""RFC 7518, JSON Web Algorithms, with RFC 8037 and RFC 9864: section 12 of the matrix."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from oauth_guard import JWTIssuer
from oauth_guard.testing import SigningKey
from tests.acceptance.attacks.forgery import (
    CURVE_ORDER,
    Sign,
    always,
    by,
    by_k1,
    by_k1_as_der,
    encode,
    with_secret,
)
from tests.acceptance.standards.api import ISSUER, Api, signing_keys
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.raw_jws import claims, compact, header, k1, k2, publish


def _number(value: int) -> str:
    return encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@pytest.mark.conformance("7518-01")
@pytest.mark.parametrize(
    "sign",
    [
        pytest.param(by_k1_as_der, id="DER"),
        pytest.param(lambda message: by_k1(message)[:-1], id="63 bytes"),
        pytest.param(lambda message: by_k1(message)[1:], id="63 bytes, first byte removed"),
        pytest.param(lambda message: by_k1(message) + b"\0", id="65 bytes"),
        pytest.param(lambda message: b"\0" + by_k1(message), id="65 bytes, one prepended"),
        pytest.param(always(bytes(64)), id="zeros"),
        pytest.param(lambda message: bytes(32) + by_k1(message)[32:], id="r is zero"),
        pytest.param(lambda message: by_k1(message)[:32] + bytes(32), id="s is zero"),
        pytest.param(always(CURVE_ORDER.to_bytes(32, "big") * 2), id="the order of the curve"),
    ],
)
async def test_malformed_ecdsa_signature_is_rejected(api: Api, sign: Sign) -> None:
    """R and s must be in range and of full length."""
    expect(await api.get(token=compact(header(), claims(api), sign)), "401 invalid_token")


@pytest.mark.conformance("7518-02")
@pytest.mark.parametrize("named", [None, "ES256", "ES384"])
async def test_es256_with_a_p384_key_is_rejected(named: str | None) -> None:
    """Whatever `alg` the key names."""
    key = SigningKey("p384", "ES384")

    def with_sha256(message: bytes) -> bytes:
        numbers = decode_dss_signature(key.private.sign(message, ec.ECDSA(hashes.SHA256())))
        return b"".join(number.to_bytes(48, "big") for number in numbers)

    jwk = {name: value for name, value in key.jwk.items() if name != "alg"}
    api = Api(issuer={"algorithms": ["ES256", "ES384"]})
    publish(api, {"keys": [jwk | ({"alg": named} if named else {}), k1()]})
    token = compact(header(kid="p384"), claims(api), with_sha256)
    expect(await api.get(token=token), "401 invalid_token")


@pytest.mark.conformance("7518-02")
async def test_es384_requires_a_p384_key() -> None:
    """A P-384 key verifies, a P-256 key does not."""
    key = SigningKey("p384", "ES384")
    api = Api(issuer={"algorithms": ["ES256", "ES384"]})
    publish(api, {"keys": [key.jwk, k1()]})
    token = compact(header(alg="ES384", kid="p384"), claims(api), by(key))
    expect(await api.get(token=token), "200")
    other = compact(header(alg="ES384"), claims(api), by(key))
    expect(await api.get(token=other), "401 invalid_token")


@pytest.mark.conformance("7518-03")
@pytest.mark.parametrize("exponent", [65537, 3])
async def test_short_rsa_key_is_not_used(api: Api, exponent: int) -> None:
    """Even if the signature is correct."""
    private = rsa.generate_private_key(exponent, 1024)  # noqa: S505 - shown to be refused
    jwk = {"kty": "RSA", "kid": "short", "e": _number(exponent)}
    publish(api, {"keys": [jwk | {"n": _number(private.public_key().public_numbers().n)}, k1()]})
    token = compact(
        header(alg="RS256", kid="short"),
        claims(api),
        lambda message: private.sign(message, padding.PKCS1v15(), hashes.SHA256()),
    )
    expect(await api.get(token=token), "401 invalid_token")
    expect(await api.get(token=api.token()), "200")


@pytest.mark.conformance("7518-04")
@pytest.mark.parametrize(
    ("algorithm", "size"), [("HS256", 31), ("HS384", 47), ("HS512", 63), ("HS256", 0)]
)
def test_secret_shorter_than_the_hash_is_rejected(algorithm: str, size: int) -> None:
    """A ValueError when the issuer is built."""
    with pytest.raises(ValueError, match="secret= is missing or too short"):
        JWTIssuer(ISSUER, secret=bytes(size), algorithms=[algorithm])


@pytest.mark.conformance("7518-04")
async def test_secret_as_long_as_the_hash_verifies() -> None:
    """Another secret of that length does not."""
    secret = bytes(range(32))
    api = Api(issuer={"secret": secret, "algorithms": ["HS256"]})
    for used, outcome in ((secret, "200"), (secret[::-1], "401 invalid_token")):
        token = compact(header(alg="HS256"), claims(api), with_secret(used))
        expect(await api.get(token=token), outcome)


@pytest.mark.conformance("7518-05")
@pytest.mark.parametrize(
    ("salt", "outcome"), [(0, "401 invalid_token"), (20, "401 invalid_token"), (32, "200")]
)
async def test_pss_salt_of_another_length_is_rejected(salt: int, outcome: str) -> None:
    """The salt must be as long as the hash."""
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt)
    private = signing_keys()[1].private
    api = Api(issuer={"algorithms": ["PS256"]})
    publish(api, {"keys": [k2()]})
    token = compact(
        header(alg="PS256", kid="k2"),
        claims(api),
        lambda message: bytes(private.sign(message, pss, hashes.SHA256())),
    )
    expect(await api.get(token=token), outcome)


def _short(jwk: dict[str, Any], name: str) -> str:
    return encode(base64.urlsafe_b64decode(jwk[name] + "==")[:-1])


@pytest.mark.conformance("7518-06")
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda jwk: {"x": _short(jwk, "x")}, id="x of 31 bytes"),
        pytest.param(lambda jwk: {"y": _short(jwk, "y")}, id="y of 31 bytes"),
        pytest.param(lambda jwk: {"x": encode(bytes(1)) + jwk["x"]}, id="x too long"),
        pytest.param(lambda jwk: {"y": jwk["x"]}, id="off the curve"),
        pytest.param(lambda _: {"x": encode(bytes(32)), "y": encode(bytes(32))}, id="at infinity"),
        pytest.param(lambda _: {"y": None}, id="no y"),
    ],
)
async def test_ec_key_with_invalid_point_is_skipped(
    api: Api, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """The other keys still work."""
    publish(api, {"keys": [k1() | change(k1()), k2()]})
    expect(await api.get(token=api.token()), "401 invalid_token")
    expect(await api.get(token=api.token(key=signing_keys()[1])), "200")


def _okp(curve: str, private: ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) -> dict[str, str]:
    point = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"kty": "OKP", "crv": curve, "kid": curve, "x": encode(point)}


@pytest.mark.conformance("7518-07")
@pytest.mark.parametrize(
    ("allowed", "named", "outcome"),
    [
        ("Ed25519", "Ed25519", "200"),
        ("Ed25519", "EdDSA", "401 invalid_token"),
        ("EdDSA", "EdDSA", "200"),
        ("EdDSA", "Ed25519", "401 invalid_token"),
    ],
)
async def test_eddsa_and_ed25519_are_allowed_separately(
    allowed: str, named: str, outcome: str
) -> None:
    """Each name allows only itself."""
    private = ed25519.Ed25519PrivateKey.generate()
    api = Api(issuer={"algorithms": [allowed]})
    publish(api, {"keys": [_okp("Ed25519", private)]})
    token = compact(header(alg=named, kid="Ed25519"), claims(api), private.sign)
    expect(await api.get(token=token), outcome)


@pytest.mark.conformance("7518-07")
@pytest.mark.parametrize("named", ["Ed25519", "EdDSA", "Ed448"])
async def test_ed448_key_is_skipped(named: str) -> None:
    """Whatever algorithm the token names."""
    private = ed448.Ed448PrivateKey.generate()
    api = Api(issuer={"algorithms": ["Ed25519", "EdDSA"]})
    other = _okp("Ed25519", ed25519.Ed25519PrivateKey.generate())
    publish(api, {"keys": [_okp("Ed448", private), other]})
    token = compact(header(alg=named, kid="Ed448"), claims(api), private.sign)
    expect(await api.get(token=token), "401 invalid_token")
