"""The key that signs access tokens: made at start, kept in memory, published at /jwks."""

from typing import Any

from joserfc.jwk import ECKey, KeySet

ALGORITHM = "ES256"


def new_key_set() -> KeySet:
    """Return a set with one fresh P-256 key, named by its thumbprint."""
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
    return KeySet([key])


def public_keys(keys: KeySet) -> dict[str, Any]:
    """Return the JWK Set to publish: the public halves alone."""
    return dict(keys.as_dict(private=False))
