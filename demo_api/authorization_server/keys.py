"""The key that signs access tokens, generated once and published at /jwks."""

import json
from typing import Any

from joserfc.jwk import ECKey, KeySet

ALGORITHM = "ES256"


def new_key_set() -> KeySet:
    """Return a set with one new P-256 key; its kid is its thumbprint."""
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
    return KeySet([key])


def serialize_key_set(keys: KeySet) -> str:
    """Return *keys* as JSON, with the private parts: keep it secret."""
    return json.dumps(keys.as_dict(private=True))


def read_key_set(text: str) -> KeySet:
    """Return the keys that serialize_key_set() wrote to *text*."""
    return KeySet.import_key_set(json.loads(text))


def public_keys(keys: KeySet) -> dict[str, Any]:
    """Return the JWK Set to publish: the public parts only."""
    return dict(keys.as_dict(private=False))
