"""Hashes for the database: slow ones for chosen secrets, SHA-256 for generated tokens."""

import hashlib

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

# One pass over 8 MiB takes a few milliseconds, which keeps the demo and its tests fast. Where
# passwords protect real data, use the defaults of argon2-cffi. Client secrets are hashed the same
# way: a person chose the seeded ones, and one method is easier to get right.
_hasher = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)
_DUMMY_HASH = _hasher.hash("the password of no account")


def hash_secret(secret: str) -> str:
    """Return a slow, salted hash of a password or a client secret."""
    return _hasher.hash(secret)


def secret_matches(stored: str | None, presented: str) -> bool:
    """Return whether *presented* is the secret. Without a stored hash, take the same time."""
    try:
        _hasher.verify(stored or _DUMMY_HASH, presented)
    except VerificationError:
        return False
    return stored is not None


def digest(token: str) -> str:
    """Return the SHA-256 of a generated token: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
