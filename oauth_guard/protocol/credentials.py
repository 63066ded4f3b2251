"""Credentials and BearerMethods: a bearer token as presented (RFC 6750 §2, RFC 9110 §11.4)."""

import string
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from oauth_guard.errors import ConfigurationError, InvalidRequest, MissingCredentials, Reason
from oauth_guard.protocol.raw_token import RawToken

__all__ = ["MAX_CREDENTIALS_BYTES", "BearerMethods", "Credentials"]

MAX_CREDENTIALS_BYTES = 16 * 1024
"""The longest accepted `Authorization` value, or token in a query or form, in bytes."""

_BEARER_PREFIX = b"Bearer "
_HEADER_FRAME = b"authorization: "
_SCHEME = (string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~").encode()
_TOKEN68 = (string.ascii_letters + string.digits + "-._~+/").encode()


@dataclass(frozen=True, slots=True)
class BearerMethods:
    """The ways in which a token may be sent.

    Attributes:
        query: Also as the query parameter `access_token` (RFC 6750 §2.3).
        body: Also as a form parameter of that name (RFC 6750 §2.2).
        require_https: Over TLS only (RFC 6750 §5.3).
    """

    query: bool = False
    body: bool = False
    require_https: bool = False

    @classmethod
    def of(cls, bearer_methods: Iterable[str], *, require_https: bool) -> Self:
        """Read the methods by the names of RFC 9728 §2.

        Raises:
            ConfigurationError: A name is unknown, or `header` is not among them.
        """
        names = frozenset([bearer_methods] if isinstance(bearer_methods, str) else bearer_methods)
        if "header" not in names or not names <= {"header", "body", "query"}:
            raise ConfigurationError(
                'bearer_methods= is ["header"], to which "body" and "query" may be added.'
            )
        return cls(query="query" in names, body="body" in names, require_https=require_https)

    @property
    def header_only(self) -> bool:
        """Whether only the `Authorization` field can carry a token."""
        return not (self.query or self.body)

    @property
    def names(self) -> tuple[str, ...]:
        """The methods by the names of RFC 9728 §2."""
        on = {"header": True, "body": self.body, "query": self.query}
        return tuple(name for name, is_on in on.items() if is_on)


class Credentials:
    """Credentials as presented; nothing in them is verified, and their `repr` does not show them.

    Attributes:
        cache_key: SHA-256 of the `Authorization` value, prefixed by the name of the place that it
            came from. None if the value is not spelled `Bearer <token>`, or if another part of
            the request could have carried a token: then nothing may be cached for it.
    """

    __slots__ = ("_token", "_value", "cache_key")

    def __init__(
        self, value: bytes, cache_key: bytes | None, token: RawToken | None = None
    ) -> None:
        self._value, self.cache_key, self._token = value, cache_key, token

    @classmethod
    def from_header(cls, value: bytes, *, header_only: bool) -> Self:
        """Return the credentials in an `Authorization` *value*, which is not parsed yet.

        Args:
            value: The value of the field.
            header_only: Whether no other part of the request could have carried a token.
        """
        if header_only and value.startswith(_BEARER_PREFIX):
            return cls(value, sha256(_HEADER_FRAME + value).digest())
        return cls(value, None)

    @classmethod
    def from_parameter(cls, value: bytes) -> Self:
        """Return the credentials in an `access_token` parameter.

        Raises:
            InvalidRequest: The value is too long, or not a token68 (RFC 9110 §11.2).
        """
        return cls(b"", None, _token68(value))

    @property
    def token(self) -> RawToken:
        """The bearer token, parsed on first use, so that a cache hit parses nothing.

        Raises:
            MissingCredentials: The scheme is not Bearer.
            InvalidRequest: The value is malformed.
        """
        if self._token is None:
            self._token = self._parse()
        return self._token

    def _parse(self) -> RawToken:
        value = self._value
        if value.startswith(_BEARER_PREFIX) and _is_token68(token := value[len(_BEARER_PREFIX) :]):
            return RawToken(token.decode("ascii"))
        # One token has many other spellings. If each had its own entry, one client could fill
        # the cache with a single token.
        self.cache_key = None
        value = value.strip(b" \t")  # optional white space is no part of a field value
        rest = value.lstrip(_SCHEME)
        scheme = value[: len(value) - len(rest)]
        if scheme.lower() != b"bearer":
            raise MissingCredentials(Reason.UNSUPPORTED_SCHEME)
        token = rest.lstrip(b" ")
        if len(token) == len(rest):
            raise InvalidRequest(Reason.MALFORMED_CREDENTIALS)
        return _token68(token)


def _token68(value: bytes) -> RawToken:
    if len(value) > MAX_CREDENTIALS_BYTES:
        raise InvalidRequest(Reason.CREDENTIALS_TOO_LONG)
    if not _is_token68(value):
        raise InvalidRequest(Reason.MALFORMED_CREDENTIALS)
    return RawToken(value.decode("ascii"))


def _is_token68(value: bytes) -> bool:
    body = value.rstrip(b"=")
    return bool(body) and not body.translate(None, _TOKEN68)
