"""BearerMethods, and how a bearer token is parsed (RFC 6750 §2, RFC 9110 §11.4)."""

import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from oauth_guard.errors import ConfigurationError, InvalidRequest, MissingCredentials, Reason
from oauth_guard.protocol.raw_token import RawToken

__all__ = [
    "BEARER_PREFIX",
    "MAX_CREDENTIALS_BYTES",
    "BearerMethods",
    "is_token68",
    "parse_authorization",
    "parse_token68",
]

BEARER_PREFIX = b"Bearer "
"""The scheme as RFC 6750 §2.1 spells it, and one space."""

MAX_CREDENTIALS_BYTES = 16 * 1024
"""The longest accepted `Authorization` value, or token in a query or form, in bytes."""

_SCHEME = (string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~").encode()
_TOKEN68 = (string.ascii_letters + string.digits + "-._~+/").encode()


@dataclass(frozen=True, slots=True)
class BearerMethods:
    """The ways in which a token may be sent.

    Attributes:
        query: Also as the query parameter `access_token` (RFC 6750 §2.3).
        body: Also as a form parameter of that name (RFC 6750 §2.2).
        require_https: Over TLS only (RFC 6750 §5.3).
        header_only: Whether only the `Authorization` field can carry a token.
    """

    query: bool = False
    body: bool = False
    require_https: bool = False
    header_only: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive `header_only`, which is read on each request."""
        object.__setattr__(self, "header_only", not (self.query or self.body))

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
    def names(self) -> tuple[str, ...]:
        """The methods by the names of RFC 9728 §2."""
        on = {"header": True, "body": self.body, "query": self.query}
        return tuple(name for name, is_on in on.items() if is_on)


def parse_authorization(value: bytes) -> RawToken:
    """Return the bearer token in an `Authorization` *value*: the scheme, spaces, one token68.

    The scheme may be in any case, and white space may surround the value (RFC 9110 §5.5, §11.1).

    Raises:
        MissingCredentials: The scheme is not Bearer.
        InvalidRequest: The value is malformed.
    """
    value = value.strip(b" \t")
    rest = value.lstrip(_SCHEME)
    scheme = value[: len(value) - len(rest)]
    if scheme.lower() != b"bearer":
        raise MissingCredentials(Reason.UNSUPPORTED_SCHEME)
    token = rest.lstrip(b" ")
    if len(token) == len(rest):
        raise InvalidRequest(Reason.MALFORMED_CREDENTIALS)
    return parse_token68(token)


def parse_token68(value: bytes) -> RawToken:
    """Return the token that *value* is.

    Raises:
        InvalidRequest: It is too long, or not a token68 (RFC 9110 §11.2).
    """
    if len(value) > MAX_CREDENTIALS_BYTES:
        raise InvalidRequest(Reason.CREDENTIALS_TOO_LONG)
    if not is_token68(value):
        raise InvalidRequest(Reason.MALFORMED_CREDENTIALS)
    return RawToken(value.decode("ascii"))


def is_token68(value: bytes) -> bool:
    """Return whether *value* is a token68 (RFC 9110 §11.2)."""
    body = value.rstrip(b"=")
    return bool(body) and not body.translate(None, _TOKEN68)
