"""find_tokens: the tokens of a request that are outside its `Authorization` field."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from oauth_guard.errors import InvalidRequest, Reason
from oauth_guard.protocol.connection_init import ConnectionInit
from oauth_guard.protocol.credentials import BearerMethods
from oauth_guard.protocol.subprotocols import read_subprotocols
from oauth_guard.protocol.token_parameters import access_tokens

__all__ = ["FoundToken", "find_tokens"]

# No Authorization value that is cached begins with one of these.
_TOKEN_HEADER, _TOKEN_COOKIE = b"token_header ", b"token_cookie "
_SUBPROTOCOL, _CONNECTION_INIT = b"subprotocol ", b"connection_init "


class FoundToken(NamedTuple):
    """A token, which is not checked yet.

    Attributes:
        text: The token.
        cached_as: What its cache key begins with; None if it is not cached.
        without_proof: Whether it is where a client can't prove a key.
    """

    text: bytes
    cached_as: bytes | None = None
    without_proof: bool = False


class _Request(Protocol):
    """What of a request is read."""

    form: bytes | None
    connection_init: ConnectionInit | None

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]: ...

    @property
    def query(self) -> bytes: ...

    @property
    def subprotocols(self) -> Sequence[str]: ...

    def values_of(self, name: bytes) -> list[bytes]: ...


def find_tokens(request: _Request, methods: BearerMethods) -> list[FoundToken]:
    """Return the tokens in the places that *methods* names, besides the `Authorization` field.

    Raises:
        InvalidRequest: A place where a token may be is malformed.
    """
    found = list[FoundToken]()
    if methods.token_header is not None:
        values = request.values_of(methods.token_header)
        found += (FoundToken(value, _TOKEN_HEADER) for value in values)
    elif methods.token_cookie is not None:
        values = methods.token_cookie.values(request.headers)
        found += (FoundToken(value, _TOKEN_COOKIE) for value in values)
    if methods.query:
        found += map(FoundToken, access_tokens(request.query))
    if methods.body and request.form is not None:
        if not request.form.isascii():
            raise InvalidRequest(Reason.MALFORMED_CREDENTIALS)
        found += map(FoundToken, access_tokens(request.form))
    if methods.subprotocol and (offered := request.subprotocols):
        tokens = read_subprotocols(offered).tokens
        found += (FoundToken(token, _SUBPROTOCOL, without_proof=True) for token in tokens)
    if request.connection_init is not None:
        token = request.connection_init.token()
        found += [] if token is None else [FoundToken(token, _CONNECTION_INIT, without_proof=True)]
    return found
