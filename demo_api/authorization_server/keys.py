"""The key that signs access tokens: made at first, kept by whoever asks, published at /jwks."""

import json
from typing import Any

from joserfc.jwk import ECKey, KeySet

ALGORITHM = "ES256"


def new_key_set() -> KeySet:
    """Return a set with one fresh P-256 key, named by its thumbprint."""
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
    return KeySet([key])


def written(keys: KeySet) -> str:
    """Return *keys* as a text to be kept secret."""
    return json.dumps(keys.as_dict(private=True))


def read_key_set(text: str) -> KeySet:
    """Return the keys that were written to *text*."""
    return KeySet.import_key_set(json.loads(text))


def public_keys(keys: KeySet) -> dict[str, Any]:
    """Return the JWK Set to publish: the public halves alone."""
    return dict(keys.as_dict(private=False))
