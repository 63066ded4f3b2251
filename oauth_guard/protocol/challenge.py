"""RejectionBuilder: the responses to errors (RFC 6750 §3, RFC 9110 §11.6.1, RFC 9728 §5.1).

No other module writes a challenge. The texts are fixed: nothing of a request goes into them.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from oauth_guard.errors import ConfigurationError, IssuerUnavailable, Reason, RequestRejected

__all__ = ["CHALLENGE_HEADER", "Rejection", "RejectionBuilder"]

CHALLENGE_HEADER = b"www-authenticate"

_DESCRIPTIONS = {
    "invalid_request": "The request is malformed, or carries credentials in more than one way.",
    "invalid_token": "The access token is malformed, expired, revoked or not for this resource.",
    "insufficient_scope": "The access token does not grant what this request needs.",
}
_NO_STORE = (b"cache-control", b"no-store")
_MAX_RETRY_AFTER = 60
_MAX_WRITTEN = 256  # an operator's function may require a scope of its own making
_PRINTABLE = re.compile(r"[\x20-\x7E]*")
_URI = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


@dataclass(frozen=True)
class Rejection:
    """The response to a rejected request, as a value.

    Attributes:
        status: The HTTP status.
        challenges: The `WWW-Authenticate` lines and other fields that every response with this
            status must have, names in lower case.
        body: JSON, or nothing.
    """

    status: int
    challenges: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @cached_property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """All header fields of the response, those that describe our body included."""
        length = (b"content-length", b"%d" % len(self.body))
        kind = ((b"content-type", b"application/json"),) if self.body else ()
        return (*self.challenges, *kind, length)


class RejectionBuilder:
    """Builds the rejections of one guard, from its configuration and our own constants alone.

    Args:
        realm: The protection space that challenges name.
        resource_metadata: Where the resource's metadata is served (RFC 9728 §5.1).
        error_uri: A page for the client's developer (RFC 6750 §3).
        debug: Add the reason to the body; for development.

    Raises:
        ConfigurationError: A value contains characters that a challenge can't (RFC 9110 §5.6.4,
            RFC 6750 §3).
    """

    def __init__(
        self,
        realm: str | None,
        resource_metadata: str | None,
        error_uri: str | None,
        *,
        debug: bool,
    ) -> None:
        if realm is not None and not _PRINTABLE.fullmatch(realm):
            raise ConfigurationError("realm= must be printable ASCII, on one line.")
        if error_uri is not None and not _URI.fullmatch(error_uri):
            raise ConfigurationError(
                'error_uri= must be a URI like "https://example.com/errors", so without spaces.'
            )
        self._realm = realm
        self._resource_metadata = resource_metadata
        self._error_uri = error_uri
        self._debug = debug
        # Each is written once, since nothing of a request goes into them.
        self._written = lru_cache(_MAX_WRITTEN)(self._write)

    def build(self, error: RequestRejected | IssuerUnavailable) -> Rejection:
        """Return the rejection for *error*."""
        reason = error.reason if self._debug else None
        if isinstance(error, RequestRejected):
            return self._written(error.status, error.code, error.scope, reason)
        seconds = min(max(error.retry_after, 1), _MAX_RETRY_AFTER)
        retry = (b"retry-after", b"%d" % seconds)
        return Rejection(503, (retry, _NO_STORE), _body({}, reason))

    def _write(
        self, status: int, code: str | None, scope: str | None, reason: Reason | None
    ) -> Rejection:
        members = dict(self._error_members(code))
        challenge = (CHALLENGE_HEADER, self._challenge(members, scope))
        return Rejection(status, (challenge, _NO_STORE), _body(members, reason))

    def _error_members(self, code: str | None) -> Iterator[tuple[str, str]]:
        if code not in _DESCRIPTIONS:
            return
        yield "error", code
        yield "error_description", _DESCRIPTIONS[code]
        if self._error_uri is not None:
            yield "error_uri", self._error_uri

    def _challenge(self, members: dict[str, str], scope: str | None) -> bytes:
        parameters = {
            "realm": self._realm,
            **members,
            "scope": scope,
            "resource_metadata": self._resource_metadata,
        }
        written = (f"{k}={_quote(v)}" for k, v in parameters.items() if v is not None)
        return f"Bearer {', '.join(written)}".encode("ascii")


def _body(members: dict[str, str], reason: Reason | None) -> bytes:
    content = members if reason is None else {**members, "reason": reason}
    return json.dumps(content).encode("ascii") if content else b""


def _quote(value: str) -> str:
    """Write a quoted-string (RFC 9110 §5.6.4)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
