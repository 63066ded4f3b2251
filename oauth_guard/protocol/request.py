"""ResourceRequest and read_credentials: the parts of a request that say who sent it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from oauth_guard.errors import InvalidRequest, MissingCredentials, Reason
from oauth_guard.protocol.credentials import MAX_CREDENTIALS_BYTES, BearerMethods, Credentials

__all__ = ["ResourceRequest", "is_form", "query_carries_token", "read_credentials"]

_NAME_LENGTH = len(b"authorization")
_SECURE = frozenset({"https", "wss"})
_FORM = b"application/x-www-form-urlencoded"
_MAX_PARAMETERS = 1000


class ResourceRequest:
    """A view of an ASGI connection (HTTP or WebSocket), read on use; its `repr` shows no value.

    Attributes:
        headers: Name and value as received, in order; names in any case.
        form: The body, if it is a form and was read for a token in it.
        credentials: The credentials that a guard has read from it; None before that.
    """

    __slots__ = ("_connection", "credentials", "form", "headers")

    def __init__(self, connection: Mapping[str, Any], form: bytes | None = None) -> None:
        self._connection = connection
        self.headers: Sequence[tuple[bytes, bytes]] = connection["headers"]
        self.form = form
        self.credentials: Credentials | None = None

    @property
    def method(self) -> str:
        """The HTTP method, upper case; `GET` for a WebSocket handshake (RFC 6455 §4.1)."""
        method: str = self._connection.get("method", "GET")
        return method

    @property
    def is_secure(self) -> bool:
        """Whether the request came over TLS, as far as the server knows."""
        return self._connection.get("scheme") in _SECURE

    @property
    def query(self) -> bytes:
        """The query string, still encoded."""
        query: bytes = self._connection.get("query_string", b"")
        return query

    def __repr__(self) -> str:
        return f"<ResourceRequest: {self.method}>"


def read_credentials(request: ResourceRequest, bearer_methods: BearerMethods) -> Credentials:
    """Return the one set of credentials that *request* carries.

    An `Authorization` value is not parsed here: see `Credentials.token`.

    Raises:
        MissingCredentials: The request carries none.
        InvalidRequest: It carries several, they are too long, a parameter is malformed, or the
            request did not come over TLS where TLS is required.
    """
    if bearer_methods.require_https and not request.is_secure:
        raise InvalidRequest(Reason.HTTPS_REQUIRED)
    value = None
    for name, field in request.headers:
        # Servers write header names in lower case, but ASGI does not require them to.
        if len(name) == _NAME_LENGTH and name.lower() == b"authorization":
            if value is not None:
                raise InvalidRequest(Reason.SEVERAL_CREDENTIALS)
            value = field
    if value is not None and len(value) > MAX_CREDENTIALS_BYTES:
        raise InvalidRequest(Reason.CREDENTIALS_TOO_LONG)
    header_only = bearer_methods.header_only
    parameters = () if header_only else _parameters(request, bearer_methods)
    if len(parameters) + (value is not None) > 1:
        raise InvalidRequest(Reason.SEVERAL_CREDENTIALS)
    if value is not None:
        return Credentials.from_header(value, header_only=header_only)
    if parameters:
        return Credentials.from_parameter(parameters[0])
    raise MissingCredentials


def is_form(method: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether a body may carry a token.

    It may if it is a form with one content type, and the method defines a meaning for its body
    (RFC 6750 §2.2).
    """
    types = [value for name, value in headers if name.lower() == b"content-type"]
    return (
        method in {"POST", "PUT", "PATCH"}
        and len(types) == 1
        and types[0].partition(b";")[0].strip().lower() == _FORM
    )


def query_carries_token(query: bytes) -> bool:
    """Return whether a query string has an `access_token` parameter."""
    return bool(_access_tokens(query))


def _parameters(request: ResourceRequest, bearer_methods: BearerMethods) -> list[bytes]:
    found: list[bytes] = []
    if bearer_methods.query:
        found += _access_tokens(request.query)
    if bearer_methods.body and request.form is not None:
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
    except ValueError:  # more than _MAX_PARAMETERS
        raise InvalidRequest(Reason.MALFORMED_CREDENTIALS) from None
    return [value.encode("latin-1") for name, value in pairs if name == "access_token"]
