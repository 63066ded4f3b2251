"""How secrets rest in the database: chosen ones as slow hashes, generated ones as digests."""

import hashlib

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

# One pass over 8 MiB takes a few milliseconds. That keeps the demo and its tests quick; the
# defaults of argon2-cffi are the right choice where passwords guard something. Client secrets go
# the same way: the seeded ones were chosen by a person, and one way is easier to get right.
_hasher = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)
_NOBODY = _hasher.hash("the password of nobody")


def hash_secret(secret: str) -> str:
    """Return a slow, salted hash of a password or a client secret."""
    return _hasher.hash(secret)


def secret_matches(stored: str | None, presented: str) -> bool:
    """Tell whether *presented* is the secret; where there is none, take the same time to refuse."""
    try:
        _hasher.verify(stored or _NOBODY, presented)
    except VerificationError:
        return False
    return stored is not None


def digest(token: str) -> str:
    """Return what is stored of a token we generated: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
