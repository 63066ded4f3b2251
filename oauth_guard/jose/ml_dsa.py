"""ML_DSA: the post-quantum signature algorithms that `cryptography` has here (RFC 9964)."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

__all__ = ["MLDSA", "ML_DSA", "load_ml_dsa"]

_MODULE = "cryptography.hazmat.primitives.asymmetric.mldsa"


class MLDSA(NamedTuple):
    """One parameter set of FIPS 204.

    Attributes:
        public: The class of its public keys.
        private: The class of its private keys.
        public_bytes: The length of a public key.
        cost: How long one verification takes; 1 is an RSA key of 2048 bits.
    """

    public: Any
    private: Any
    public_bytes: int
    cost: float


def load_ml_dsa(module: str = _MODULE) -> Mapping[str, MLDSA]:
    """Return the parameter sets by the names of their JWS algorithms.

    There are none if the installed `cryptography` is older than 48, since it lacks the *module*.
    """
    try:
        found = import_module(module)
    except ModuleNotFoundError:
        return {}
    return {
        "ML-DSA-44": MLDSA(found.MLDSA44PublicKey, found.MLDSA44PrivateKey, 1312, 6),
        "ML-DSA-65": MLDSA(found.MLDSA65PublicKey, found.MLDSA65PrivateKey, 1952, 9),
        "ML-DSA-87": MLDSA(found.MLDSA87PublicKey, found.MLDSA87PrivateKey, 2592, 13),
    }


ML_DSA = load_ml_dsa()
"""What `load_ml_dsa` returns in this process."""
