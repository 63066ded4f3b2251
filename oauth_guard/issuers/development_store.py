"""DevelopmentStore: the key and the development tokens of the user who runs the process."""

import json
import os
import re
import secrets
import stat
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oauth_guard.errors import ConfigurationError
from oauth_guard.interfaces import Clock
from oauth_guard.jose.signing import SigningKey

__all__ = ["ISSUER", "MAX_LIFETIME", "DevelopmentStore", "DevelopmentToken"]

ISSUER = "urn:oauth-guard:development"
"""The `iss` and the `aud` of development tokens, which no authorization server has."""

MAX_LIFETIME = 8 * 3600
"""The longest lifetime of a development token, in seconds."""

_ID = re.compile(r"[a-z0-9]{12}")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class DevelopmentToken:
    """A development token that was issued and not revoked; the token itself is not stored.

    Attributes:
        id: Its `jti`, 12 characters.
        claims: Its claims.
        remaining: How long it is still valid, in seconds.
    """

    id: str
    claims: Mapping[str, Any]
    remaining: float


class DevelopmentStore:
    """The files of the current user: a private key, and a file for each token.

    Each has the mode 0600, and the folder 0700. A file that belongs to another user, or that
    another user may read or write, is not used.

    Args:
        folder: Where they are; by default `oauth-guard` in `XDG_DATA_HOME`, or in
            `~/.local/share`.
        clock: Returns seconds since the epoch.
    """

    def __init__(self, folder: Path | None = None, *, clock: Clock = time.time) -> None:
        self._clock = clock
        data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
        self._folder = folder or Path(data) / "oauth-guard" / "development"

    def key(self) -> SigningKey:
        """Return the user's key, which is created if there is none.

        Raises:
            ConfigurationError: The file is not the user's alone, is no key, or can't be created.
        """
        file = self._folder / "key.pem"
        if not file.is_file():
            with suppress(FileExistsError):  # another process has created it
                self._create(file, SigningKey.generate().to_pem())
        try:
            key = SigningKey.from_pem(_read(file), algorithm="ES256", key_id=None)
        except ValueError as error:
            raise _unusable(file, str(error)) from None
        return key.named_by_thumbprint()

    def issue(self, scopes: Iterable[str], subject: str, seconds: float) -> str:
        """Issue a development token, and return it.

        Args:
            scopes: What it grants.
            subject: Its `sub`.
            seconds: Its lifetime.

        Raises:
            ConfigurationError: The lifetime is not more than 0 and at most 8 hours, or see `key`.
        """
        if not 0 < seconds <= MAX_LIFETIME:
            raise ConfigurationError("a development token is valid for at most 8 hours.")
        number, begin = secrets.token_hex(6), int(self._clock())
        claims = {
            "iss": ISSUER,
            "aud": ISSUER,
            "sub": subject,
            "client_id": "oauth-guard",
            "scope": " ".join(scopes),
            "jti": number,
            "iat": begin,
            "exp": begin + int(seconds),
        }
        token = self._sign(claims)
        self._create(self._file(number), json.dumps(claims).encode())
        return token

    def token(self, number: str) -> str:
        """Return the token with this id, signed once more.

        Raises:
            ConfigurationError: There is none, or see `key`.
        """
        for each in self.listed():
            if each.id == number:
                return self._sign(each.claims)
        raise _unknown(number)

    def listed(self) -> list[DevelopmentToken]:
        """Return the tokens that are neither revoked nor expired, the earliest first.

        Expired ones are removed.

        Raises:
            ConfigurationError: A file is not the user's alone.
        """
        found, now = [], self._clock()
        for file in self._folder.glob("*.json"):
            if not _ID.fullmatch(file.stem):
                continue
            with suppress(FileNotFoundError):  # another process has revoked or removed it
                claims = json.loads(_read(file))
                if claims["exp"] > now:
                    found.append(DevelopmentToken(file.stem, claims, claims["exp"] - now))
                else:
                    file.unlink()
        return sorted(found, key=lambda each: (each.claims["iat"], each.id))

    def is_listed(self, number: object) -> bool:
        """Return whether the token with this `jti` was issued and is not revoked.

        Raises:
            ConfigurationError: Its file is not the user's alone.
        """
        if not isinstance(number, str) or not _ID.fullmatch(number):
            return False
        try:
            _read(self._file(number))
        except FileNotFoundError:
            return False
        return True

    def revoke(self, number: str) -> None:
        """Revoke the token with this id, in every process of the user.

        Raises:
            ConfigurationError: There is none.
        """
        if not _ID.fullmatch(number):
            raise _unknown(number)
        try:
            self._file(number).unlink()
        except FileNotFoundError:
            raise _unknown(number) from None

    def _file(self, number: str) -> Path:
        return self._folder / f"{number}.json"

    def _sign(self, claims: Mapping[str, Any]) -> str:
        return self.key().sign(claims, {"typ": "at+jwt"})

    def _create(self, file: Path, content: bytes) -> None:
        """Create a file, which is complete from the moment when it has its name.

        Raises:
            FileExistsError: There is one.
            ConfigurationError: The folder can't be written to.
        """
        partial = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
        try:
            _write(partial, content)
        except OSError as error:
            raise _unusable(file, error.strerror) from None
        try:
            os.link(partial, file)
        finally:
            partial.unlink()


def _write(file: Path, content: bytes) -> None:
    """Create *file*, and its folder, for their user alone."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(content)


def _read(file: Path) -> bytes:
    """Return the content of a *file* that is the user's alone.

    Raises:
        ConfigurationError: It is not, or it is a link.
        FileNotFoundError: There is none.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unusable(file, error.strerror) from None
    with os.fdopen(descriptor, "rb") as opened:
        found = os.fstat(descriptor)
        if found.st_uid != os.getuid() or found.st_mode & _OTHERS:
            raise _unusable(file, "it is not yours alone")
        return opened.read()


def _unusable(file: Path, reason: str | None) -> ConfigurationError:
    return ConfigurationError(
        f"development tokens can't use {file}: {reason}. Remove it, or set XDG_DATA_HOME to a "
        "folder of your own."
    )


def _unknown(number: str) -> ConfigurationError:
    return ConfigurationError(f"{number!r} is no development token of yours: see the list.")
