"""ApiKeyIssuer: API keys beside tokens; they are looked up by their hash."""

import asyncio
import inspect
import json
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any, TypeAlias

from oauth_guard.errors import ConfigurationError, InvalidToken, IssuerUnavailable, Reason
from oauth_guard.interfaces import Clock
from oauth_guard.log_limit import LogLimit
from oauth_guard.protocol.access_token import AccessToken, Validation
from oauth_guard.protocol.cache_settings import CacheSettings
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.settings import checked_settings

__all__ = ["ApiKey", "ApiKeyFile", "ApiKeyIssuer", "Lookup", "hash_api_key", "new_api_key"]

_PREFIX = re.compile(r"[a-z0-9]{1,20}(?:_[a-z0-9]{1,20}){0,3}_")
# 22 characters of 6 bits have more than the 128 bits that make a plain hash sufficient.
_SECRET = re.compile(r"[A-Za-z0-9_\-]{22,200}")
_HASH = re.compile(r"[0-9a-f]{64}")
_SECONDS = 2


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What an API key grants.

    Attributes:
        owner: Who uses it: the subject of the identity, and not empty.
        scopes: What it grants.
        expires_at: Until when, in seconds since the epoch; None for no end.
    """

    owner: str
    scopes: frozenset[str] = frozenset()
    expires_at: float | None = None


Lookup: TypeAlias = Callable[[str], ApiKey | Awaitable[ApiKey | None] | None]
"""Returns the key with a hash, as `hash_api_key` returns it; None if there is none."""


def new_api_key(prefix: str) -> tuple[str, str]:
    """Return a new key of 256 random bits, for its owner, and its hash, for the store."""
    key = prefix + secrets.token_urlsafe(32)
    return key, hash_api_key(key)


def hash_api_key(key: str) -> str:
    """Return the SHA-256 hash of a *key*, in hexadecimal digits.

    A key is random and long, so it needs no slow hash as a password does.
    """
    return sha256(key.encode()).hexdigest()


class ApiKeyFile:
    """Looks keys up in a file, which is read again when its time or size changes.

    The file is a JSON object: `{"<hash>": {"owner": "ci", "scopes": "read write"}}`, each value
    with an optional `expires_at` in seconds since the epoch. It has no key, only hashes. Replace
    it by renaming another file. It is read in the event loop.

    Raises:
        ConfigurationError: The file can't be read, or has another form.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._version: object = None
        self._keys: Mapping[str, ApiKey] = {}
        try:
            self._read()
        except (OSError, TypeError, ValueError) as error:
            kind = type(error).__name__
            raise ConfigurationError(f"The file of API keys can't be read: {kind}.") from None

    def __call__(self, key_hash: str) -> ApiKey | None:
        """Return the key with this hash; None if there is none.

        Raises:
            OSError: The file can't be read.
            TypeError: It is JSON of another form.
            ValueError: It is not JSON, or a member is malformed.
        """
        self._read()
        return self._keys.get(key_hash)

    def _read(self) -> None:
        state = self._path.stat()
        version = (state.st_mtime_ns, state.st_size, state.st_ino)
        if version == self._version:
            return
        members = json.loads(self._path.read_text(encoding="utf-8"))
        if not isinstance(members, dict):
            raise TypeError("not an object")
        self._keys = {name: _read_key(name, value) for name, value in members.items()}
        self._version = version


def _read_key(key_hash: str, value: Any) -> ApiKey:
    known = isinstance(value, dict) and value.keys() <= {"owner", "scopes", "expires_at"}
    if not known or not _HASH.fullmatch(key_hash):
        raise ValueError("not a hash and an owner")
    owner, scopes, end = value.get("owner"), value.get("scopes", ""), value.get("expires_at")
    if not isinstance(scopes, str) or not isinstance(owner, str):
        raise TypeError("owner and scopes are strings")
    return _checked(ApiKey(owner, frozenset(scopes.split()), end))


def _checked(key: object) -> ApiKey:
    """Return *key* if it is one.

    Raises:
        TypeError: It is not.
        ValueError: A member has another type.
    """
    if not isinstance(key, ApiKey):
        raise TypeError("not an ApiKey")
    owner: object = key.owner
    end: object = key.expires_at
    if not (owner and isinstance(owner, str)) or type(end) not in {int, float, type(None)}:
        raise ValueError("an ApiKey without an owner, or with an end that is no number")
    if isinstance(end, float) and not isfinite(end):  # a key would never expire
        raise ValueError("an ApiKey with an end that is not finite")
    return key


@checked_settings
class ApiKeyIssuer:
    """API keys, as tokens of an issuer of the operator's own.

    A caller sends a key as `Authorization: Bearer sk_live_...`, beside the tokens of other
    issuers; what begins with the prefix is sent to no other issuer. A guard of keys alone may read
    them from a header of their own: `Guard(..., token_header="X-API-Key")`.

    The identity has the owner as its subject, the scopes of the key, and the kind `"api_key"`. It
    has no other claim, so it satisfies no requirement of a binding, of step-up or of a user. Each
    request looks the key up again, so a key that is removed is rejected from the next request on.
    Does not check an audience, since a key has none.

    Args:
        name: The issuer of the identities, such as `"api-keys"`.
        lookup: Returns the `ApiKey` with a hash, or None: a function, an async function, or an
            `ApiKeyFile`. If it raises, or an async one takes longer than two seconds, the
            response is 503.
        prefix: What each key begins with: lower-case words and digits, each followed by an
            underscore. 22 to 200 letters, digits, `_` and `-` follow.
        clock: Returns seconds since the epoch.

    Raises:
        ConfigurationError: A setting has another form.
    """

    cache: CacheSettings | None = None
    ready = can_introspect = accepts_opaque = True
    accepts_unnamed_jwts = False

    def __init__(self, name: str, lookup: Lookup, *, prefix: str, clock: Clock = time.time) -> None:
        if not name or not callable(lookup):
            raise ConfigurationError(
                'ApiKeyIssuer takes a name and a function: ApiKeyIssuer("api-keys", find, '
                'prefix="sk_live_").'
            )
        if not _PREFIX.fullmatch(prefix):
            raise ConfigurationError('prefix= is like "sk_live_": words that end in underscores.')
        self.issuer, self.token_prefix, self._lookup = name, prefix, lookup
        self.rules = ClaimRules(
            name, required_claims=frozenset({"sub"}), audience_optional=True, is_api_key=True
        )
        self._log, self._clock = LogLimit(), clock

    def __repr__(self) -> str:
        return f"ApiKeyIssuer({self.issuer!r}, prefix={self.token_prefix!r})"

    async def validate(self, token: RawToken, *, introspect: bool = False) -> Validation:  # noqa: ARG002 - each validation is a new one
        """Return what the key *token* grants, which is looked up now.

        Raises:
            InvalidToken: It has another form, or there is no such key.
            IssuerUnavailable: The lookup failed.
        """
        text = token.text
        secret = text.removeprefix(self.token_prefix)
        if len(secret) == len(text) or not _SECRET.fullmatch(secret):
            raise InvalidToken(Reason.WRONG_FORMAT)
        looked_up_at = self._clock()
        key = await self._found(hash_api_key(text))
        if key is None:
            raise InvalidToken(Reason.UNKNOWN_KEY)
        claims: dict[str, Any] = {"sub": key.owner, "scope": " ".join(sorted(key.scopes))}
        if key.expires_at is not None:
            claims["exp"] = key.expires_at
        return Validation(AccessToken.from_claims(claims, self.rules), None, looked_up_at)

    async def _found(self, key_hash: str) -> ApiKey | None:
        try:
            found: Any = self._lookup(key_hash)
            if inspect.isawaitable(found):
                async with asyncio.timeout(_SECONDS):
                    found = await found
            return None if found is None else _checked(found)
        except TimeoutError:
            raise IssuerUnavailable(self.issuer, Reason.TIMED_OUT) from None
        except Exception as error:  # noqa: BLE001 - the fault is not the caller's, so an outage
            # The text of the error may contain anything, so only its type is logged.
            kind = type(error).__name__
            self._log.log(logging.ERROR, kind, "%s: the lookup raised %s", self.issuer, kind)
            raise IssuerUnavailable(self.issuer, Reason.UNREACHABLE) from None

    def start(self) -> None:
        """Do nothing: there is nothing to fetch."""

    async def load(self) -> None:
        """Do nothing: there is nothing to fetch."""

    async def aclose(self) -> None:
        """Do nothing: there are no connections."""
