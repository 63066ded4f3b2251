"""OwnerTags: signs an identifier for its owner, so that no other caller can use it."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

from oauth_guard.errors import ConfigurationError

__all__ = ["OwnerTags", "owner_of"]

_MIN_KEY_BYTES = 32
_TAG_BYTES = 16
_SEPARATOR = b"."


class OwnerTags:
    """Adds a tag of its owner to an identifier, and checks it. Nothing is stored.

    Args:
        key: At least 32 secret bytes; None for random ones.

    Raises:
        ConfigurationError: The key is too short.
    """

    def __init__(self, key: bytes | None) -> None:
        if key is not None and len(key) < _MIN_KEY_BYTES:
            raise ConfigurationError(
                "session_key= is at least 32 secret bytes, the same in each process: make some by "
                "secrets.token_bytes(32), once."
            )
        self._key = secrets.token_bytes(_MIN_KEY_BYTES) if key is None else key

    def add(self, name: bytes, owner: bytes) -> bytes:
        """Return *name* with the tag of *owner*."""
        return _SEPARATOR.join((name, self._tag(name, owner)))

    def remove(self, tagged: bytes, owner: bytes) -> bytes | None:
        """Return the identifier in *tagged*, or None if it does not belong to *owner*."""
        name, _, tag = tagged.rpartition(_SEPARATOR)
        return name if hmac.compare_digest(tag, self._tag(name, owner)) else None

    def _tag(self, name: bytes, owner: bytes) -> bytes:
        digest = hmac.digest(self._key, owner + name, sha256)
        return urlsafe_b64encode(digest[:_TAG_BYTES]).rstrip(b"=")


def owner_of(user: Any) -> bytes:
    """Return a digest of issuer, subject and client of *user*; 32 bytes.

    Args:
        user: The caller as the package mcp knows one; None if there is none.
    """
    token = None if user is None else user.access_token
    parts = None if token is None else (str(token.claims["iss"]), token.subject, token.client_id)
    return sha256(repr(parts).encode("utf-8", "surrogatepass")).digest()
