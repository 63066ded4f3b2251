"""RejectionBuilder: the responses to errors (RFC 6750 §3, RFC 9449 §7, RFC 9470 §3, RFC 9728 §5).

No other module writes a challenge. The texts are fixed: nothing of a request goes into them.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from oauth_guard.errors import (
    ConfigurationError,
    InsecureRequest,
    InsufficientAuthentication,
    InvalidRequest,
    InvalidToken,
    IssuerUnavailable,
    MissingCredentials,
    RequestRejected,
    UseDPoPNonce,
)
from oauth_guard.explanations import EXPLANATIONS
from oauth_guard.protocol.credentials import BEARER
from oauth_guard.protocol.steps import TraceEntry

__all__ = ["CHALLENGE_HEADER", "Rejection", "RejectionBuilder"]

CHALLENGE_HEADER = b"www-authenticate"

_INSECURE = "insecure request"  # another text for the code invalid_request
_DESCRIPTIONS = {
    _INSECURE: "The request did not come over TLS, as far as the server of this resource knows.",
    "invalid_request": "The request is malformed, or carries credentials in more than one way.",
    "invalid_token": "The access token is malformed, expired, revoked or not for this resource.",
    "insufficient_scope": "The access token does not grant what this request needs.",
    "invalid_dpop_proof": "The DPoP proof is missing, malformed, used or not for this request.",
    "use_dpop_nonce": "The DPoP proof needs the nonce of this resource.",
    "insufficient_user_authentication": "The user must authenticate again or in another way.",
}
_BEARER_ONLY: Mapping[str, Sequence[str]] = MappingProxyType({BEARER: ()})
_PLAIN = frozenset({MissingCredentials, InvalidRequest, InvalidToken})  # nothing of their own
_NO_STORE = (b"cache-control", b"no-store")
_MAX_RETRY_AFTER = 60
_TOO_MANY_REQUESTS = 429
_MAX_WRITTEN = 256  # an operator's function may require a scope of its own making
_MAX_NAMES = 4096  # characters; servers limit the size of a header field
_NAMES = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+( [\x21\x23-\x5B\x5D-\x7E]+)*")
_PRINTABLE = re.compile(r"[\x20-\x7E]*")
_URI = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


class _Parts(NamedTuple):
    """Everything of an error that its response depends on."""

    status: int
    code: str | None
    scheme: str | None
    scope: str | None = None
    nonce: str | None = None
    acr_values: str | None = None
    max_age: int | None = None


@dataclass(frozen=True)
class Rejection:
    """The response to a rejected request, as a value.

    Attributes:
        status: The HTTP status.
        challenges: The `WWW-Authenticate` lines and other fields that every response with this
            status must have, names in lower case.
        body: JSON, or nothing.
        debug: The reason and its detail as text, only with `debug=True`: for a framework that
            writes the body itself.
    """

    status: int
    challenges: tuple[tuple[bytes, bytes], ...]
    body: bytes
    debug: str | None = None

    @cached_property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """All header fields of the response, those that describe our body included."""
        length = (b"content-length", b"%d" % len(self.body))
        kind = ((b"content-type", b"application/json"),) if self.body else ()
        return (*self.challenges, *kind, length)

    @cached_property
    def joined_challenges(self) -> dict[str, str]:
        """The fields of `challenges` for frameworks that take one value for each name.

        Values of one name are joined by commas, which means the same (RFC 9110 §5.3).
        """
        joined: dict[str, str] = {}
        for name, value in self.challenges:
            key, text = name.decode("ascii"), value.decode("ascii")
            joined[key] = f"{joined[key]}, {text}" if key in joined else text
        return joined


class RejectionBuilder:
    """Builds the rejections of one guard, from its configuration and our own constants alone.

    Args:
        realm: The protection space that challenges name.
        resource_metadata: Where the resource's metadata is served (RFC 9728 §5.1).
        error_uri: A page for the client's developer (RFC 6750 §3).
        debug: Add the reason and its detail to the body; for development.
        schemes: The schemes that are accepted, in the order of challenges, each with the
            algorithms of its proofs.

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
        schemes: Mapping[str, Sequence[str]] = _BEARER_ONLY,
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
        self._schemes = schemes
        # Each is written once, since nothing of a request goes into them.
        self._written = lru_cache(_MAX_WRITTEN)(self._write)

    def build(
        self,
        error: RequestRejected | IssuerUnavailable,
        scheme: str | None = None,
        trace: Sequence[TraceEntry] | None = None,
    ) -> Rejection:
        """Return the rejection for *error*.

        There is a challenge for each scheme that is accepted, Bearer first. The error is in the
        challenge of *scheme*, which the request used; if that is unknown, in each (RFC 9449 §7.2).
        """
        scheme = scheme if scheme in self._schemes else None
        if isinstance(error, IssuerUnavailable):
            rejection = _unavailable(503, error.retry_after)
        elif type(error) in _PLAIN and error.scope is None:
            rejection = self._written(error.status, error.code, scheme)
        elif error.status == _TOO_MANY_REQUESTS:
            rejection = _unavailable(error.status, _MAX_RETRY_AFTER)
        else:
            rejection = self._written(
                error.status,
                _INSECURE if isinstance(error, InsecureRequest) else error.code,
                scheme,
                _writable(error.scope),
                error.nonce if isinstance(error, UseDPoPNonce) else None,
                *_step_up(error),
            )
        return _with_debug(rejection, error, trace) if self._debug else rejection

    def _write(self, *values: Any) -> Rejection:
        parts = _Parts(*values)
        members = dict(self._error_members(parts.code))
        fields = [
            (CHALLENGE_HEADER, self._challenge(scheme, members, parts)) for scheme in self._schemes
        ]
        if parts.nonce is not None:
            fields.append((b"dpop-nonce", parts.nonce.encode("ascii")))
        return Rejection(parts.status, (*fields, _NO_STORE), _body(members))

    def _error_members(self, code: str | None) -> Iterator[tuple[str, str]]:
        if code not in _DESCRIPTIONS:
            return
        yield "error", InsecureRequest.code if code == _INSECURE else code
        yield "error_description", _DESCRIPTIONS[code]
        if self._error_uri is not None:
            yield "error_uri", self._error_uri

    def _challenge(self, scheme: str, members: dict[str, str], parts: _Parts) -> bytes:
        if parts.scheme not in {None, scheme}:
            members = {}  # the error is that of the other scheme
        max_age = None if parts.max_age is None else str(parts.max_age)
        parameters = {
            "realm": self._realm,
            **members,
            "scope": parts.scope,
            "acr_values": parts.acr_values if members else None,
            "max_age": max_age if members else None,
            "resource_metadata": self._resource_metadata,
            "algs": " ".join(self._schemes[scheme]) or None,
        }
        written = (f"{k}={_quote(v)}" for k, v in parameters.items() if v is not None)
        return f"{scheme} {', '.join(written)}".encode("ascii")


def _step_up(error: RequestRejected) -> tuple[str | None, int | None]:
    if isinstance(error, InsufficientAuthentication):
        return _writable(error.acr_values), error.max_age
    return None, None


def _unavailable(status: int, retry_after: int) -> Rejection:
    seconds = min(max(retry_after, 1), _MAX_RETRY_AFTER)
    retry = (b"retry-after", b"%d" % seconds)
    return Rejection(status, (retry, _NO_STORE), b"")


def _with_debug(
    rejection: Rejection,
    error: RequestRejected | IssuerUnavailable,
    trace: Sequence[TraceEntry] | None,
) -> Rejection:
    """Add the reason, its detail and the trace to the body; they are texts for the developer."""
    members = json.loads(rejection.body) if rejection.body else {}
    members["reason"] = str(error.reason)
    if (explanation := EXPLANATIONS.get(error.reason)) is not None:
        members["check"] = explanation.check
    if error.detail:
        members["detail"] = dict(error.detail)
    if trace is not None:
        members["trace"] = [entry._asdict() for entry in trace]
    text = f"{error.reason}{error.detail_text}"
    return replace(rejection, body=_body(members), debug=text)


def _writable(names: object) -> str | None:
    """Return *names* if a challenge can contain them; a `claims=` function may choose them."""
    is_valid = isinstance(names, str) and len(names) <= _MAX_NAMES and _NAMES.fullmatch(names)
    return str(names) if is_valid else None


def _body(members: Mapping[str, object]) -> bytes:
    return json.dumps(members).encode("ascii") if members else b""


def _quote(value: str) -> str:
    """Write a quoted-string (RFC 9110 §5.6.4)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
