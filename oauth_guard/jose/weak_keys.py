"""Tests for public keys that anyone can sign for: Ed25519 points of small order, ROCA moduli."""

from math import prod

__all__ = ["has_roca_mark", "has_small_order"]

_P = 2**255 - 19  # the prime of the field of edwards25519
_SIGN_BIT = 1 << 255  # the sign of x, in the encoding of a point (RFC 8032 §5.1.2)
_ORDER_8_Y = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
# The y coordinates of the eight points whose order divides 8, and their encodings that are not
# reduced, which some implementations decode.
_SMALL_ORDER_Y = frozenset({0, 1, _ORDER_8_Y, _P - _ORDER_8_Y, _P - 1, _P, _P + 1})

# The primes from 3 to 167: those of the published fingerprint test of CVE-2017-15361.
_ROCA_PRIMES = [n for n in range(3, 168) if all(n % divisor for divisor in range(2, n))]
_ROCA_PRODUCT = prod(_ROCA_PRIMES)
_ROCA_RESIDUES = tuple(
    (prime, frozenset(pow(65537, power, prime) for power in range(prime))) for prime in _ROCA_PRIMES
)


def has_small_order(point: bytes) -> bool:
    """Return whether *point*, an encoded Ed25519 public key, has an order that divides 8.

    A signature for such a key verifies for about every eighth message or more, without any
    secret (RFC 8032 §8.4 leaves the check to the application). Whether the point is on the curve
    is not checked.
    """
    return int.from_bytes(point, "little") & ~_SIGN_BIT in _SMALL_ORDER_Y


def has_roca_mark(modulus: int) -> bool:
    """Return whether an RSA *modulus* has the fingerprint of CVE-2017-15361 (ROCA).

    The faulty generator built primes that are powers of 65537 modulo many small primes, so the
    modulus is such a power too. Its factors can be computed. A sound modulus has the fingerprint
    with a probability of about 2^-27.
    """
    residue = modulus % _ROCA_PRODUCT
    return all(residue % prime in powers for prime, powers in _ROCA_RESIDUES)
