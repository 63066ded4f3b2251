"""StaticKeySet: keys that were configured, as a JWK set or as a secret (RFC 7517 §5)."""

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any, Self

from oauth_guard.errors import ConfigurationError
from oauth_guard.issuers.verification import verify
from oauth_guard.jose.algorithms import SYMMETRIC
from oauth_guard.jose.jwk import import_secret
from oauth_guard.jose.jws import JWS
from oauth_guard.jose.key_set import KeySet

__all__ = ["StaticKeySet"]


class StaticKeySet:
    """Keys that were handed over and never change."""

    ready = True

    def __init__(self, keys: KeySet, executor: Executor | None = None) -> None:
        self._keys = keys
        self._executor = executor

    @staticmethod
    def stands() -> bool:
        """Tell that what was good stays so: these keys never change."""
        return True

    @classmethod
    def from_jwks(cls, jwks: Mapping[str, Any], executor: Executor | None = None) -> Self:
        """Read a JWK set, whose signatures are checked in *executor* if there is one.

        Raises:
            ConfigurationError: It is none, or one of its keys can't be used.
        """
        try:
            keys = KeySet.from_document(jwks)
        except ValueError as error:
            raise ConfigurationError(f"keys= must be a JWK set: {error}.") from None
        if keys.skipped or not keys.keys:
            odd = "; ".join(keys.skipped) or "there is none"
            raise ConfigurationError(f"keys= must hold public keys that can be used: {odd}.")
        return cls(keys, executor)

    @classmethod
    def from_secret(cls, secret: bytes, algorithms: frozenset[str]) -> Self:
        """Take a *secret* that the issuer shares.

        Raises:
            ConfigurationError: It is text or too short, or *algorithms* are not for secrets.
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
        """Hold the signature of *token* to the keys.

        Raises:
            InvalidToken: No key made it.
        """
        await verify(self._keys, token, self._executor)

    def start(self) -> None:
        """Do nothing: the keys are here."""

    async def load(self) -> None:
        """Do nothing: the keys are here."""

    async def aclose(self) -> None:
        """Do nothing: nothing was opened."""
