"""The only room where an error becomes an answer (RFC 6750 §3, RFC 9110 §11.6.1, RFC 9728 §5.1)."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from oauth_guard.errors import ConfigurationError, IssuerUnavailable, Reason, RequestRejected

__all__ = ["CHALLENGE_HEADER", "Challenger", "Rejection"]

CHALLENGE_HEADER = b"www-authenticate"

_DESCRIPTIONS = {
    "invalid_request": "The request is malformed, or carries credentials in more than one way.",
    "invalid_token": "The access token is malformed, expired, revoked or not for this resource.",
    "insufficient_scope": "The access token does not grant what this request needs.",
}
_MAX_RETRY_AFTER = 60
_PRINTABLE = re.compile(r"[\x20-\x7E]*")
_URI = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


@dataclass(frozen=True, slots=True)
class Rejection:
    """The whole answer to a failed request, as a value; shells ship it.

    Attributes:
        status: The HTTP status.
        challenges: The `WWW-Authenticate` lines and other fields that any answer with this
            status must carry, names in lower case.
        body: JSON, or nothing.
    """

    status: int
    challenges: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """All header fields of the answer, those that describe our body included."""
        length = (b"content-length", b"%d" % len(self.body))
        kind = ((b"content-type", b"application/json"),) if self.body else ()
        return (*self.challenges, *kind, length)


@dataclass(frozen=True, slots=True)
class Challenger:
    """Writes the answers of one guard, from its configuration and our own constants alone.

    Attributes:
        realm: The protection space that challenges name.
        resource_metadata: Where the resource's metadata is served (RFC 9728 §5.1).
        error_uri: A page for the client's developer (RFC 6750 §3).
        tell_reason: Add our reason to the body; for development.
    """

    realm: str | None
    resource_metadata: str | None
    error_uri: str | None
    tell_reason: bool

    def __post_init__(self) -> None:
        """Refuse what could not stand in a challenge (RFC 9110 §5.6.4, RFC 6750 §3).

        Raises:
            ConfigurationError: A value holds characters that it must not have.
        """
        if self.realm is not None and not _PRINTABLE.fullmatch(self.realm):
            raise ConfigurationError("realm= must be printable ASCII, on one line.")
        if self.error_uri is not None and not _URI.fullmatch(self.error_uri):
            raise ConfigurationError(
                'error_uri= must be a URI like "https://example.com/errors", so without spaces.'
            )

    def answer(self, error: RequestRejected | IssuerUnavailable) -> Rejection:
        """Return the answer that *error* deserves."""
        if isinstance(error, IssuerUnavailable):
            seconds = min(max(error.retry_after, 1), _MAX_RETRY_AFTER)
            retry = (b"retry-after", b"%d" % seconds)
            return Rejection(503, (retry, _NO_STORE), self._body({}, error.reason))
        members = dict(self._error_members(error))
        challenge = (CHALLENGE_HEADER, self._challenge(error, members))
        return Rejection(error.status, (challenge, _NO_STORE), self._body(members, error.reason))

    def _error_members(self, error: RequestRejected) -> Iterator[tuple[str, str]]:
        if error.code not in _DESCRIPTIONS:
            return
        yield "error", error.code
        yield "error_description", _DESCRIPTIONS[error.code]
        if self.error_uri is not None:
            yield "error_uri", self.error_uri

    def _challenge(self, error: RequestRejected, members: dict[str, str]) -> bytes:
        parameters = {
            "realm": self.realm,
            **members,
            "scope": error.scope,
            "resource_metadata": self.resource_metadata,
        }
        written = (f"{k}={_quote(v)}" for k, v in parameters.items() if v is not None)
        return f"Bearer {', '.join(written)}".encode("ascii")

    def _body(self, members: dict[str, str], reason: Reason) -> bytes:
        told = {**members, "reason": reason} if self.tell_reason else members
        return json.dumps(told).encode("ascii") if told else b""


_NO_STORE = (b"cache-control", b"no-store")


def _quote(value: str) -> str:
    """Write a quoted-string (RFC 9110 §5.6.4)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
