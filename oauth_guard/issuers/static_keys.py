"""StaticKeySet: verify signatures with configured keys, a JWK set or a secret (RFC 7517 §5)."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, Self, TypeAlias

from oauth_guard.errors import ConfigurationError
from oauth_guard.interfaces import KeySource
from oauth_guard.issuers.members import missing_member
from oauth_guard.jose.algorithms import SYMMETRIC
from oauth_guard.jose.jwk import import_secret
from oauth_guard.jose.jws import JWS
from oauth_guard.jose.key_set import MAX_KEYS, MAX_WORK, KeySet
from oauth_guard.jose.pem import jwk_from_pem

__all__ = ["Keys", "StaticKeySet", "key_source", "verify_in_thread"]

PEM: TypeAlias = str | bytes

Keys: TypeAlias = Mapping[str, Any] | PEM | Sequence[PEM]
"""Configured keys: a JWK set, one PEM, `{kid: PEM}` or a list of PEMs."""


async def verify_in_thread(keys: KeySet, token: JWS, executor: Executor) -> None:
    """Verify the signature of *token* with *keys* in *executor*.

    Raises:
        InvalidToken: No key of *keys* verifies the signature.
    """
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
        if self._executor is None:
            self._keys.verify(token)
        else:
            await verify_in_thread(self._keys, token, self._executor)

    def start(self) -> None:
        """Do nothing: the keys are here."""

    async def load(self) -> None:
        """Do nothing: the keys are here."""

    async def aclose(self) -> None:
        """Do nothing: there are no connections."""


def key_source(keys: Keys | KeySource, executor: Executor | None, max_work: float) -> KeySource:
    """Return the key source that the setting *keys* of an issuer describes.

    Raises:
        ConfigurationError: *keys* is neither a key source nor keys that can be used.
    """
    if isinstance(keys, str | bytes | Mapping) or _is_pem_list(keys):
        return StaticKeySet.from_jwks(_jwks(keys), executor, max_work=max_work)
    if not hasattr(keys, "verify"):
        raise ConfigurationError(
            'keys= takes a JWK set, {"keys": [...]}, or a KeySource; or PEM, or {kid: PEM}.'
        )
    if member := missing_member(keys, KeySource):
        raise ConfigurationError(
            f"keys= is a {type(keys).__name__} without `{member}`: a key source has every member "
            "of oauth_guard.interfaces.KeySource."
        )
    if executor is not None:
        raise ConfigurationError(
            "executor= is for keys that this library reads: a KeySource verifies by itself."
        )
    return keys  # type: ignore[return-value] # it has every member


def _jwks(keys: Any) -> Mapping[str, Any]:
    """Return *keys* as a JWK set; a mapping whose values are text or bytes is `{kid: PEM}`."""
    if isinstance(keys, str | bytes):
        return {"keys": [_jwk(keys)]}
    if not isinstance(keys, Mapping):
        return {"keys": [_jwk(pem) for pem in keys]}
    if keys and all(isinstance(pem, str | bytes) for pem in keys.values()):
        return {"keys": [{**_jwk(pem), "kid": key_id} for key_id, pem in keys.items()]}
    return keys


def _is_pem_list(keys: object) -> bool:
    return isinstance(keys, list | tuple) and all(isinstance(each, str | bytes) for each in keys)


def _jwk(pem: str | bytes) -> dict[str, str]:
    try:
        return jwk_from_pem(pem)
    except ValueError as error:
        raise ConfigurationError(f"keys= has no usable PEM: {error}.") from None
