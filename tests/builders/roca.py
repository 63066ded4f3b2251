"""Builds RSA moduli with the fingerprint of CVE-2017-15361."""

from math import prod

__all__ = ["roca_modulus"]

_PRODUCT = prod(n for n in range(3, 168) if all(n % d for d in range(2, n)))


def roca_modulus(bits: int = 2048, power: int = 12345) -> int:
    """Return a number of *bits* bits that is 65537^*power* modulo each small prime."""
    top = 1 << (bits - 1)
    return top - top % _PRODUCT + _PRODUCT + pow(65537, power, _PRODUCT)
