"""Read scheme and token off a request (RFC 6750 §2, RFC 9110 §11.4)."""

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self
from urllib.parse import parse_qsl

from oauth_guard.errors import ConfigurationError, InvalidRequest, MissingCredentials, Reason
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.request import ResourceRequest

__all__ = [
    "BEARER_PREFIX",
    "MAX_CREDENTIALS_BYTES",
    "BearerMethods",
    "Credentials",
    "authorization_field",
    "digest_of",
    "is_form",
    "query_carries_token",
    "read_credentials",
    "read_field",
]

MAX_CREDENTIALS_BYTES = 16 * 1024
"""The longest `Authorization` value, or token in a query or form, that is looked at, in bytes."""

BEARER_PREFIX = b"Bearer "
"""How credentials are spelled plainly: the scheme, one space, the token."""

_SCHEME = (string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~").encode()
_TOKEN68 = (string.ascii_letters + string.digits + "-._~+/").encode()
_NAME_LENGTH = len(b"authorization")

_FORM = b"application/x-www-form-urlencoded"
_MAX_PARAMETERS = 1000


@dataclass(frozen=True, slots=True)
class BearerMethods:
    """How a token may travel.

    Attributes:
        query: Also as the query parameter `access_token` (RFC 6750 §2.3).
        body: Also as a form parameter of that name (RFC 6750 §2.2).
        require_https: Over TLS alone (RFC 6750 §5.3).
    """

    query: bool = False
    body: bool = False
    require_https: bool = False

    @classmethod
    def of(cls, bearer_methods: Iterable[str], *, require_https: bool) -> Self:
        """Read the methods by the names that RFC 9728 §2 gives them.

        Raises:
            ConfigurationError: One is unknown, or `header` is not among them.
        """
        names = frozenset([bearer_methods] if isinstance(bearer_methods, str) else bearer_methods)
        if "header" not in names or not names <= {"header", "body", "query"}:
            raise ConfigurationError(
                'bearer_methods= is ["header"], to which "body" and "query" may be added.'
            )
        return cls(query="query" in names, body="body" in names, require_https=require_https)

    @property
    def header_only(self) -> bool:
        """Whether a token can be in the `Authorization` field and nowhere else."""
        return not (self.query or self.body)

    @property
    def bearer_methods(self) -> tuple[str, ...]:
        """The methods by the names that RFC 9728 §2 gives them."""
        on = {"header": True, "body": self.body, "query": self.query}
        return tuple(name for name, is_on in on.items() if is_on)


class Credentials:
    """A token as presented, under the one scheme that there is yet; nothing of it is believed.

    The `repr` does not tell it, since a token is as good as its owner.

    Attributes:
        token: What stands after `Bearer`.
        digest: What the whole `Authorization` value may be remembered by, if it is spelled plainly
            (the scheme, one space, the token) and nothing else could have carried a token.
    """

    __slots__ = ("digest", "token")

    def __init__(self, token: RawToken, digest: bytes | None = None) -> None:
        self.token, self.digest = token, digest


def read_credentials(request: ResourceRequest, transmission: BearerMethods) -> Credentials:
    """Return the one set of credentials that *request* carries.

    Only syntax is checked here: one place, a scheme we know, one token68 within the bound.

    Raises:
        MissingCredentials: There are none, or their scheme is not ours.
        InvalidRequest: There are several, they are malformed or over the bound, or they came
            in the clear where TLS is required.
    """
    if transmission.require_https and not request.secure:
        raise InvalidRequest(Reason.HTTPS_REQUIRED)
    field = authorization_field(request.headers)
    parameters = () if transmission.header_only else _parameters(request, transmission)
    if len(parameters) + (field is not None) > 1:
        raise InvalidRequest(Reason.SEVERAL_CREDENTIALS)
    if field is not None:
        return read_field(field, digest_of(field) if transmission.header_only else None)
    if parameters:
        return Credentials(_read_token(parameters[0]))
    raise MissingCredentials


def authorization_field(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Return the value of the one `Authorization` field, None if there is none.

    Raises:
        InvalidRequest: There are several, or it is over the bound.
    """
    found = None
    for name, value in headers:
        # Servers lower-case header names, but ASGI does not oblige them to.
        if len(name) == _NAME_LENGTH and name.lower() == b"authorization":
            if found is not None:
                raise InvalidRequest(Reason.SEVERAL_CREDENTIALS)
            found = value
    if found is not None and len(found) > MAX_CREDENTIALS_BYTES:
        raise InvalidRequest(Reason.CREDENTIALS_TOO_LONG)
    return found


def digest_of(field: bytes) -> bytes:
    """Return what the value of an `Authorization` field may be remembered by."""
    return sha256(field).digest()


def is_form(method: str, headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Tell whether a body may carry a token: a single form, of a method that defines its body."""
    types = [value for name, value in headers if name.lower() == b"content-type"]
    return (
        method in {"POST", "PUT", "PATCH"}
        and len(types) == 1
        and types[0].partition(b";")[0].strip().lower() == _FORM
    )


def query_carries_token(query: bytes) -> bool:
    """Tell whether a query string has an `access_token`."""
    return bool(_access_tokens(query))


def read_field(field: bytes, digest: bytes | None) -> Credentials:
    """Return the credentials in the value of an `Authorization` field, which has this *digest*.

    Raises:
        MissingCredentials: Their scheme is not ours.
        InvalidRequest: They are malformed.
    """
    if field.startswith(BEARER_PREFIX) and _is_token68(token := field[len(BEARER_PREFIX) :]):
        return Credentials(RawToken(token.decode("ascii")), digest)
    field = field.strip(b" \t")  # optional white space is no part of a field value
    rest = field.lstrip(_SCHEME)
    scheme = field[: len(field) - len(rest)]
    if scheme.lower() != b"bearer":
        raise MissingCredentials(Reason.UNSUPPORTED_SCHEME)
    token = rest.lstrip(b" ")
    if len(token) == len(rest):
        raise InvalidRequest(Reason.MALFORMED_CREDENTIALS)
    return Credentials(_read_token(token))


def _read_token(token: bytes) -> RawToken:
    if len(token) > MAX_CREDENTIALS_BYTES:
        raise InvalidRequest(Reason.CREDENTIALS_TOO_LONG)
    if not _is_token68(token):
        raise InvalidRequest(Reason.MALFORMED_CREDENTIALS)
    return RawToken(token.decode("ascii"))


def _is_token68(token: bytes) -> bool:
    body = token.rstrip(b"=")
    return bool(body) and not body.translate(None, _TOKEN68)


def _parameters(request: ResourceRequest, transmission: BearerMethods) -> list[bytes]:
    found: list[bytes] = []
    if transmission.query:
        found += _access_tokens(request.query)
    if transmission.body and request.form is not None:
        if not request.form.isascii():
            raise InvalidRequest(Reason.MALFORMED_CREDENTIALS)
        found += _access_tokens(request.form)
    return found


def _access_tokens(encoded: bytes) -> list[bytes]:
    try:
        pairs = parse_qsl(
            encoded.decode("latin-1"),  # byte for byte; a token68 is ASCII anyway
            keep_blank_values=True,
            encoding="latin-1",
            max_num_fields=_MAX_PARAMETERS,
        )
    except ValueError:  # too many
        raise InvalidRequest(Reason.MALFORMED_CREDENTIALS) from None
    return [value.encode("latin-1") for name, value in pairs if name == "access_token"]
