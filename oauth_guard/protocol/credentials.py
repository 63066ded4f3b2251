"""BearerMethods, and how a token is parsed (RFC 6750 §2, RFC 9449 §7.1, RFC 9110 §11.4)."""

import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from oauth_guard.errors import ConfigurationError, InvalidRequest, MissingCredentials, Reason
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.token_cookie import TokenCookie

__all__ = [
    "BEARER",
    "BEARER_PREFIX",
    "DPOP",
    "DPOP_PREFIX",
    "MAX_CREDENTIALS_BYTES",
    "BearerMethods",
    "is_token68",
    "parse_authorization",
    "parse_token68",
]

BEARER, DPOP = "Bearer", "DPoP"
"""The schemes of RFC 6750 §2.1 and RFC 9449 §7.1, as challenges spell them."""

BEARER_PREFIX, DPOP_PREFIX = b"Bearer ", b"DPoP "
"""Each scheme, and one space."""

MAX_CREDENTIALS_BYTES = 16 * 1024
"""The longest accepted `Authorization` value, or token in a query or form, in bytes."""

_SUBPROTOCOL, _CONNECTION_INIT = "websocket-protocol", "graphql-connection-init"
_SCHEME = (string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~").encode()
_OTHER_FIELDS = {b"authorization", b"cookie", b"dpop", b"host", b"origin"}
_TOKEN68 = (string.ascii_letters + string.digits + "-._~+/").encode()


@dataclass(frozen=True, slots=True)
class BearerMethods:
    """The ways in which a token may be sent.

    Attributes:
        query: Also as the query parameter `access_token` (RFC 6750 §2.3).
        body: Also as a form parameter of that name (RFC 6750 §2.2).
        require_https: Over TLS only (RFC 6750 §5.3).
        dpop: Also under the scheme DPoP, with a proof (RFC 9449 §7.1).
        token_header: The field that carries the token, without a scheme, instead of
            `Authorization`; its name in lower case.
        token_cookie: The cookie that may carry the token.
        subprotocol: Also among the subprotocols of a WebSocket; see `read_subprotocols`.
        connection_init: Also in the first message of a GraphQL WebSocket; see `ConnectionInit`.
        header_only: Whether only the `Authorization` field can carry a token.
    """

    query: bool = False
    body: bool = False
    require_https: bool = False
    dpop: bool = False
    token_header: bytes | None = None
    token_cookie: TokenCookie | None = None
    subprotocol: bool = False
    connection_init: bool = False
    header_only: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive `header_only`, which is read on each request."""
        fields = self.token_header or self.token_cookie
        others = self.query or self.body or self.subprotocol or self.connection_init
        object.__setattr__(self, "header_only", not (others or fields))

    @classmethod
    def of(
        cls,
        bearer_methods: Iterable[str],
        token_header: str | None = None,
        token_cookie: TokenCookie | None = None,
        *,
        require_https: bool,
        dpop: bool = False,
    ) -> Self:
        """Read the methods by the names of RFC 9728 §2, to which `cookie` is added.

        Raises:
            ConfigurationError: A name is unknown, or `header` is not among them; *token_header*
                is no name of a field, or is used with another method.
        """
        names = frozenset([bearer_methods] if isinstance(bearer_methods, str) else bearer_methods)
        others = {"body", "query", _SUBPROTOCOL, _CONNECTION_INIT}
        others |= set() if token_cookie is None else {"cookie"}
        if "header" not in names or not names <= {"header", *others}:
            raise ConfigurationError(
                'bearer_methods= is ["header"], to which "body", "query", "cookie", '
                '"websocket-protocol" and "graphql-connection-init" may be added.'
            )
        if token_header is not None and (dpop or len(names) > 1):
            raise ConfigurationError("token_header= is the only method: leave out the others.")
        field_name = None if token_header is None else _token_header(token_header)
        return cls(
            *("query" in names, "body" in names, require_https, dpop, field_name, token_cookie),
            subprotocol=_SUBPROTOCOL in names,
            connection_init=_CONNECTION_INIT in names,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The methods by the names of RFC 9728 §2; it has none for the others."""
        on = {"header": self.token_header is None, "body": self.body, "query": self.query}
        return tuple(name for name, is_on in on.items() if is_on)


def _token_header(name: object) -> bytes:
    lower = name.lower().encode() if isinstance(name, str) and name.isascii() else b""
    if not lower or lower.translate(None, _SCHEME) or lower in _OTHER_FIELDS:
        raise ConfigurationError(
            "token_header= takes the name of the header that a proxy writes, such as "
            f'"X-Goog-IAP-JWT-Assertion", not {name!r}; for Authorization leave it out.'
        )
    return lower


def parse_authorization(value: bytes, *, dpop: bool = False) -> tuple[str, bytes]:
    """Return scheme and token of an `Authorization` *value*; the token is not checked yet.

    The scheme may be in any case, and white space may surround the value (RFC 9110 §5.5, §11.1).

    Args:
        value: The value of the field.
        dpop: Whether the scheme may be DPoP.

    Raises:
        MissingCredentials: The scheme is neither Bearer nor, if it is allowed, DPoP.
    """
    value = value.strip(b" \t")
    rest = value.lstrip(_SCHEME)
    scheme = value[: len(value) - len(rest)].lower()
    token = rest.lstrip(b" ")
    if scheme == b"bearer":
        name = BEARER
    elif scheme == b"dpop" and dpop:
        name = DPOP
    else:
        raise MissingCredentials(Reason.UNSUPPORTED_SCHEME)
    return name, token if len(token) < len(rest) else b""


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
