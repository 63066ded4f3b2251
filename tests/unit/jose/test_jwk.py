"""A JWK is imported only if it is a public key that is safe for verification."""

from contextlib import suppress
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import get_default_algorithms

from oauth_guard.jose.jwk import Key, import_key
from tests.builders.roca import roca_modulus
from tests.unit.jose.forging import decode, key_for, segment
from tests.unit.protocol.properties import BOUNDED

JWK = dict[str, Any]

_EC, _RSA, _OKP = (key_for(algorithm).jwk for algorithm in ("ES256", "RS256", "EdDSA"))
_ED448 = segment(ed448.Ed448PrivateKey.generate().public_key().public_bytes_raw())
_RSA_ALGORITHMS = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}


def _number(value: int) -> str:
    return segment(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _without(jwk: JWK, *names: str) -> JWK:
    return {name: value for name, value in jwk.items() if name not in names}


def _private(key: Any, algorithm: str) -> JWK:
    jwk: JWK = get_default_algorithms()[algorithm].to_jwk(key, as_dict=True)
    return _without(jwk, "key_ops")


_SHORT_X = {**_EC, "x": segment(decode(_EC["x"])[1:])}
_LONG_X = {**_EC, "x": segment(b"\0" + decode(_EC["x"]))}

_UNUSABLE: dict[str, tuple[JWK, str]] = {
    "no members": ({}, "unknown"),
    "no type": (_without(_EC, "kty"), "unknown"),
    "a type that is a list": ({**_EC, "kty": ["EC"]}, "unknown"),
    "an unknown type": ({**_EC, "kty": "FOO"}, "unknown"),
    "a type in another case": ({**_EC, "kty": "ec"}, "unknown"),
    "a symmetric key": ({"kty": "oct", "k": segment(b"k" * 32)}, "unknown"),
    "a kid that is a number": ({**_EC, "kid": 5}, "kid"),
    "a kid that is a list": ({**_EC, "kid": ["k1"]}, "kid"),
    "use: enc": ({**_EC, "use": "enc"}, "signatures"),
    "use that is a list": ({**_EC, "use": ["sig"]}, "signatures"),
    "key_ops without verify": ({**_EC, "key_ops": ["sign"]}, "for verification"),
    "key_ops that is a string": ({**_EC, "key_ops": "verify"}, "for verification"),
    "key_ops of other types": ({**_EC, "key_ops": [{}, [], None]}, "for verification"),
    "a private EC key": (_private(ec.generate_private_key(ec.SECP256R1()), "ES256"), "private"),
    "a private RSA key": (_private(key_for("RS256").private, "RS256"), "private"),
    "a private Edwards key": (
        _private(ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
        "private",
    ),
    **{
        f"private member {name}: {value}": ({**jwk, name: value}, "private")
        for jwk, names in ((_RSA, ("d", "p", "q", "dp", "dq", "qi", "oth")), (_EC, ("d",)))
        for name in names
        for value in (None, "")
    },
    "an alg that does not fit the curve": ({**_EC, "alg": "ES384"}, "alg does not fit"),
    "an alg that does not fit the type": ({**_EC, "alg": "RS256"}, "alg does not fit"),
    "a symmetric alg": ({**_RSA, "alg": "HS256"}, "alg does not fit"),
    "alg: none": ({**_EC, "alg": "none"}, "alg does not fit"),
    "an alg that is a list": ({**_EC, "alg": ["ES256"]}, "alg does not fit"),
    "no curve": (_without(_EC, "crv"), "unknown"),
    "a curve that is a list": ({**_EC, "crv": []}, "unknown"),
    "a curve that is an object": ({**_EC, "crv": {"P-256": 1}}, "unknown"),
    "a curve that is a number": ({**_EC, "crv": 256}, "unknown"),
    "a curve of cryptocurrencies": ({**_EC, "crv": "secp256k1"}, "unknown"),
    "a curve of another type": ({**_EC, "crv": "Ed25519"}, "unknown"),
    "another curve of the type": ({**_EC, "crv": "P-384"}, "48 bytes"),
    "a point off the curve": ({**_EC, "y": segment(b"\1" * 32)}, "not a usable"),
    "the point at infinity": (
        {**_EC, "x": segment(bytes(32)), "y": segment(bytes(32))},
        "not a usable",
    ),
    "a coordinate outside the field": ({**_EC, "x": segment(b"\xff" * 32)}, "not a usable"),
    "a short coordinate": (_SHORT_X, "x must have 32 bytes"),
    "a long coordinate": (_LONG_X, "x must have 32 bytes"),
    "no y": (_without(_EC, "y"), "y is missing"),
    "a coordinate that is a number": ({**_EC, "x": 5}, "x is missing or not ASCII text"),
    "a padded coordinate": ({**_EC, "x": _EC["x"] + "="}, "base64url"),
    "a coordinate outside ASCII": ({**_EC, "x": "é" * 43}, "x is missing or not ASCII text"),
    "a coordinate of lone surrogates": ({**_EC, "x": "\ud800"}, "x is missing or not ASCII text"),
    "Ed448": ({**_OKP, "crv": "Ed448", "x": _ED448}, "unknown"),
    "X25519": ({**_OKP, "crv": "X25519"}, "unknown"),
    "an Edwards key of 31 bytes": ({**_OKP, "x": segment(b"\1" * 31)}, "32 bytes"),
    "an Edwards curve that is a list": ({**_OKP, "crv": ["Ed25519"]}, "unknown"),
    "no modulus": (_without(_RSA, "n"), "n is missing"),
    "an empty modulus": ({**_RSA, "n": ""}, "n is missing"),
    "a null modulus": ({**_RSA, "n": None}, "n is missing"),
    "a modulus of 1024 bits": ({**_RSA, "n": _number(2**1023 + 1)}, "2048 to 8192"),
    "a modulus of 2047 bits": ({**_RSA, "n": _number(2**2047 - 1)}, "2048 to 8192"),
    "a modulus of 2047 bits with leading zeros": (
        {**_RSA, "n": segment((2**2047 - 1).to_bytes(300, "big"))},
        "2048 to 8192",
    ),
    "a modulus of 8193 bits": ({**_RSA, "n": _number(2**8192 + 1)}, "2048 to 8192"),
    "no exponent": (_without(_RSA, "e"), "e is missing"),
    "an empty exponent": ({**_RSA, "e": ""}, "e is missing"),
    "exponent 1": ({**_RSA, "e": _number(1)}, "odd and at least 3"),
    "exponent 2": ({**_RSA, "e": _number(2)}, "odd and at least 3"),
    "an even exponent": ({**_RSA, "e": _number(65536)}, "odd and at least 3"),
    "an exponent of 33 bits": ({**_RSA, "e": _number(2**32 + 1)}, "at most 32 bits"),
    "an exponent of 2048 bits": ({**_RSA, "e": _number(2**2047 + 1)}, "at most 32 bits"),
    "an exponent above the modulus": ({**_RSA, "e": _number(2**2048 + 1)}, "at most 32 bits"),
    "a modulus with the mark of ROCA": ({**_RSA, "n": _number(roca_modulus())}, "CVE-2017-15361"),
    "an Edwards point of small order": ({**_OKP, "x": segment(bytes(32))}, "small order"),
    "an exponent that is a number": ({**_RSA, "e": 65537}, "e is missing or not ASCII text"),
}


@pytest.mark.parametrize(("jwk", "message"), _UNUSABLE.values(), ids=_UNUSABLE)
def test_unusable_key_is_rejected_with_its_fault(jwk: JWK, message: str) -> None:
    """A key is rejected if it is private, symmetric, weak, malformed or for another use."""
    with pytest.raises(ValueError, match=message):
        import_key(jwk)


@pytest.mark.parametrize(
    ("jwk", "algorithms"),
    [
        pytest.param(_EC, {"ES256"}, id="EC"),
        pytest.param(_without(_EC, "alg", "use", "kid"), {"ES256"}, id="EC, required members only"),
        pytest.param(_without(key_for("ES384").jwk, "alg"), {"ES384"}, id="P-384"),
        pytest.param(_without(key_for("ES512").jwk, "alg"), {"ES512"}, id="P-521"),
        pytest.param(_RSA, {"RS256"}, id="RSA for one algorithm"),
        pytest.param(_without(_RSA, "alg"), _RSA_ALGORITHMS, id="RSA for any"),
        pytest.param({**_RSA, "e": _number(3)}, {"RS256"}, id="exponent 3"),
        pytest.param({**_RSA, "e": _number(2**32 - 1)}, {"RS256"}, id="exponent of 32 bits"),
        pytest.param({**_RSA, "n": _number(2**2047 + 1)}, {"RS256"}, id="2048 bits"),
        pytest.param({**_RSA, "n": _number(2**8192 - 1)}, {"RS256"}, id="8192 bits"),
        pytest.param(_OKP, {"EdDSA"}, id="Ed25519 as EdDSA"),
        pytest.param({**_OKP, "alg": "Ed25519"}, {"Ed25519"}, id="Ed25519 as Ed25519"),
        pytest.param(_without(_OKP, "alg"), {"EdDSA", "Ed25519"}, id="Ed25519 without alg"),
        pytest.param({**_EC, "key_ops": ["verify"]}, {"ES256"}, id="key_ops: verify"),
        pytest.param({**_EC, "key_ops": [5, "verify"]}, {"ES256"}, id="key_ops: more"),
        pytest.param({**_EC, "x5c": ["MII"], "foo": {}}, {"ES256"}, id="unknown members"),
    ],
)
def test_imported_key_has_the_algorithms_that_fit_it(jwk: JWK, algorithms: frozenset[str]) -> None:
    """They are the algorithms of its type and curve, or the one in `alg`."""
    key = import_key(jwk)
    assert (key.key_id, key.algorithms) == (jwk.get("kid"), algorithms)


_OPTIONAL_MEMBERS = ("kid", "use", "alg", "key_ops", "x5u", "x5c", "x5t", "x5t#S256", "foo")


@pytest.mark.parametrize("value", [None, "", []], ids=["null", "empty text", "empty array"])
@pytest.mark.parametrize("name", _OPTIONAL_MEMBERS)
@pytest.mark.parametrize("jwk", [_EC, _RSA, _OKP], ids=["EC", "RSA", "OKP"])
def test_empty_optional_member_counts_as_absent(jwk: JWK, name: str, value: object) -> None:
    """Serializers write null or nothing for a member that is not set."""
    assert import_key({**jwk, name: value}) == import_key(_without(jwk, name))


@pytest.mark.parametrize(
    ("jwk", "cost"),
    [
        pytest.param(_RSA, 1, id="RSA 2048"),
        pytest.param({**_RSA, "n": _number(2**4096 - 1)}, 4, id="RSA 4096"),
        pytest.param({**_RSA, "n": _number(2**8192 - 1)}, 16, id="RSA 8192"),
        pytest.param(_EC, 3, id="P-256"),
        pytest.param(key_for("ES384").jwk, 20, id="P-384"),
        pytest.param(key_for("ES512").jwk, 20, id="P-521"),
        pytest.param(_OKP, 4, id="Ed25519"),
    ],
)
def test_cost_of_a_key_is_relative_to_rsa_with_2048_bits(jwk: JWK, cost: float) -> None:
    """It is a measured time for each curve, and grows with the square of an RSA modulus."""
    assert import_key(jwk).cost == cost


def test_imported_rsa_key_has_the_numbers_of_the_jwk() -> None:
    """Modulus and exponent are compared."""
    public = rsa.RSAPublicNumbers(65537, int.from_bytes(decode(_RSA["n"]), "big"))
    assert import_key(_RSA).material.public_numbers() == public


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
_MEMBERS = ["kty", "crv", "x", "y", "n", "e", "alg", "use", "key_ops", "kid", "d", "k"]


@BOUNDED
@given(
    jwk=st.sampled_from([_EC, _RSA, _OKP]),
    changes=st.dictionaries(st.sampled_from(_MEMBERS), _JSON, max_size=3),
)
def test_import_of_any_object_gives_a_key_or_raises_value_error(jwk: JWK, changes: JWK) -> None:
    """No other exception is raised."""
    with suppress(ValueError):
        assert isinstance(import_key({**jwk, **changes}), Key)
