"""StaticKeySet: verify signatures with configured keys, a JWK set or a secret (RFC 7517 §5)."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any, Self

from oauth_guard.errors import ConfigurationError
from oauth_guard.jose.algorithms import SYMMETRIC
from oauth_guard.jose.jwk import import_secret
from oauth_guard.jose.jws import JWS
from oauth_guard.jose.key_set import MAX_KEYS, MAX_WORK, KeySet

__all__ = ["StaticKeySet", "verify_signature"]


async def verify_signature(keys: KeySet, token: JWS, executor: Executor | None) -> None:
    """Verify the signature of *token* with *keys*, in *executor* if there is one.

    Without an executor it is verified synchronously, on the event loop.

    Raises:
        InvalidToken: No key of *keys* verifies the signature.
    """
    if executor is None:
        keys.verify(token)
    else:
        await asyncio.get_running_loop().run_in_executor(executor, keys.verify, token)


class StaticKeySet:
    """A key source whose keys are configured and never change."""

    ready = True

    def __init__(self, keys: KeySet, executor: Executor | None = None) -> None:
        self._keys = keys
        self._executor = executor

    @staticmethod
    def is_current() -> bool:
        """Return True: configured keys never change."""
        return True

    @classmethod
    def from_jwks(
        cls,
        jwks: Mapping[str, Any],
        executor: Executor | None = None,
        *,
        max_work: float = MAX_WORK,
    ) -> Self:
        """Import a JWK set; signatures are verified in *executor* if there is one.

        *max_work* is how much verifying one token may cost; see `KeySet`.

        Raises:
            ConfigurationError: *jwks* is not a JWK set, is empty, has more than 100 keys, or has
                a key that can't be used.
        """
        try:
            keys = KeySet.from_document(jwks, max_work=max_work)
        except ValueError as error:
            raise ConfigurationError(f"keys= must be a JWK set: {error}.") from None
        if keys.oversized:
            raise ConfigurationError(f"keys= may contain at most {MAX_KEYS} keys.")
        if keys.skipped or not keys.keys:
            problem = "; ".join(keys.skipped) or "there is none"
            raise ConfigurationError(f"keys= must contain usable public keys only: {problem}.")
        return cls(keys, executor)

    @classmethod
    def from_secret(cls, secret: bytes, algorithms: frozenset[str]) -> Self:
        """Import a *secret* shared with the issuer, for HMAC *algorithms* (RFC 7518 §3.2).

        Raises:
            ConfigurationError: *secret* is not bytes or is too short, or an algorithm is not
                HS256, HS384 or HS512.
        """
        if not isinstance(secret, bytes):
            raise ConfigurationError("secret= takes bytes: write secret=text.encode().")
        if not algorithms <= SYMMETRIC:
            raise ConfigurationError('secret= is for algorithms=["HS256"], HS384 or HS512.')
        try:
            return cls(KeySet((import_secret(secret, algorithms),)))
        except ValueError as error:
            raise ConfigurationError(f"secret= is missing or too short: {error}.") from None

    async def verify(self, token: JWS) -> None:
        """Verify the signature of *token*; claims are not checked.

        Raises:
            InvalidToken: No key verifies the signature.
        """
        await verify_signature(self._keys, token, self._executor)

    def start(self) -> None:
        """Do nothing: the keys are here."""

    async def load(self) -> None:
        """Do nothing: the keys are here."""

    async def aclose(self) -> None:
        """Do nothing: there are no connections."""
