"""Public keys that anyone can sign for are recognised."""

import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.jose.weak_keys import has_roca_mark, has_small_order
from tests.builders.roca import roca_modulus
from tests.unit.protocol.properties import BOUNDED

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_SQRT_MINUS_1 = pow(2, (_P - 1) // 4, _P)
_Point = tuple[int, int]


def _x_of(y: int) -> int | None:
    """Return an x coordinate of the point of edwards25519 with *y*; None if there is none."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    root = pow(square, (_P + 3) // 8, _P)
    if root * root % _P != square:
        root = root * _SQRT_MINUS_1 % _P
    return root if root * root % _P == square else None


def _doubled(point: _Point) -> _Point:
    x, y = point
    product = _D * x * x * y * y % _P
    return (
        2 * x * y * pow(1 + product, -1, _P) % _P,
        (y * y + x * x) * pow(1 - product, -1, _P) % _P,
    )


def _times_8(point: _Point) -> _Point:
    return _doubled(_doubled(_doubled(point)))


def _has_order_that_divides_8(encoded: bytes) -> bool:
    """Compute by the group law what the library looks up."""
    y = (int.from_bytes(encoded, "little") & (2**255 - 1)) % _P
    x = _x_of(y)
    return x is not None and _times_8((x, y)) == (0, 1)


_ORDER_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
_ORDER_8_NEGATED = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
_SMALL_ORDER = {
    "order 1": (1).to_bytes(32, "little"),
    "order 2": (_P - 1).to_bytes(32, "little"),
    "order 4": bytes(32),
    "order 8": _ORDER_8,
    "order 8, negated": _ORDER_8_NEGATED,
    "order 4, not reduced": _P.to_bytes(32, "little"),
    "order 1, not reduced": (_P + 1).to_bytes(32, "little"),
}


@pytest.mark.parametrize("sign", [0, 0x80], ids=["even x", "odd x"])
@pytest.mark.parametrize("encoded", _SMALL_ORDER.values(), ids=_SMALL_ORDER)
def test_point_of_small_order_is_recognised_in_each_encoding(encoded: bytes, sign: int) -> None:
    """The group law agrees: eight times the point is the identity."""
    encoded = encoded[:-1] + bytes([encoded[-1] | sign])
    assert has_small_order(encoded)
    assert _has_order_that_divides_8(encoded)


@BOUNDED
@given(st.integers(0, 2**256 - 1) | st.integers(0, 40) | st.integers(_P - 40, 2**255 - 1))
def test_small_order_is_what_the_group_law_says(number: int) -> None:
    """Every encoding that is not a point of small order is left to the library below."""
    encoded = number.to_bytes(32, "little")
    assert has_small_order(encoded) is _has_order_that_divides_8(encoded)


def test_generated_ed25519_key_has_no_small_order() -> None:
    """A key that has a private key is accepted."""
    for _ in range(20):
        assert not has_small_order(Ed25519PrivateKey.generate().public_key().public_bytes_raw())


@pytest.mark.parametrize("bits", [2048, 3072, 4096, 8192])
@pytest.mark.parametrize("power", [0, 1, 2, 3, 10**6, 65537])
def test_modulus_that_is_a_power_of_65537_modulo_small_primes_has_the_roca_mark(
    power: int, bits: int
) -> None:
    """The fingerprint of CVE-2017-15361."""
    modulus = roca_modulus(bits, power)
    assert modulus.bit_length() == bits
    assert has_roca_mark(modulus)


@pytest.mark.parametrize("prime", [11, 13, 37, 53, 61, 97, 101, 103, 163])
def test_modulus_that_is_no_power_modulo_one_prime_has_no_roca_mark(prime: int) -> None:
    """A multiple of a prime is no power of 65537."""
    modulus = roca_modulus(2048, 7)
    assert not has_roca_mark(modulus - modulus % prime)


def test_generated_rsa_key_has_no_roca_mark() -> None:
    """Random numbers stand for moduli too, since generating many keys takes long."""
    public = rsa.generate_private_key(65537, 2048).public_key()
    assert not has_roca_mark(public.public_numbers().n)
    assert not any(has_roca_mark(secrets.randbits(2048) | 1) for _ in range(1000))
