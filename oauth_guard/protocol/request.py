"""ResourceRequest: a request, and the credentials that a guard reads from it (RFC 6750, 9449)."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from oauth_guard.errors import InsecureRequest, InvalidRequest, MissingCredentials, Reason
from oauth_guard.protocol.connection_init import GRAPHQL, ConnectionInit
from oauth_guard.protocol.connection_reader import ConnectionReader
from oauth_guard.protocol.credentials import (
    BEARER,
    BEARER_PREFIX,
    DPOP,
    DPOP_PREFIX,
    MAX_CREDENTIALS_BYTES,
    BearerMethods,
    is_token68,
    parse_authorization,
    parse_token68,
)
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.token_places import find_tokens

__all__ = ["RECEIVED", "REQUEST", "ResourceRequest"]

REQUEST = "oauth_guard.request"
"""The key of the ASGI connection under which an inner guard finds the request of the outer one."""

RECEIVED = "oauth_guard.received"
"""The key under which `inner_request` keeps the connection as the inner guard received it."""

_AUTHORIZATION_LENGTH, _DPOP_LENGTH = len(b"authorization"), len(b"dpop")
_CREDENTIALS = {b"authorization", b"cookie", b"dpop"}


class ResourceRequest(ConnectionReader):
    """A request, and the credentials in it; its `repr` shows no value of it.

    Args:
        connection: The ASGI connection (HTTP or WebSocket).
        form: See below.

    Attributes:
        form: The body, if it is a form and was read for a token in it.
        cache_key: SHA-256 of the `Authorization` value, once `read_credentials` has read it; the
            value begins with the scheme. For another place that is named in `find_tokens`, SHA-256
            of a prefix and the token. None if the value is not spelled `Bearer <token>` or
            `DPoP <token>`, or if another part of the request could have carried a token: then
            nothing may be cached for it. A token without its scheme contains no space, so its
            digest is never a cache key.
        scheme: `BEARER` or `DPOP`, once `read_credentials` has read it. A token in a query, a
            form, a cookie or a header of a proxy counts as Bearer.
        proofs: The values of the `DPoP` fields. None if there is none and the scheme is not
            DPoP, or if the guard does not accept DPoP.
        connection_init: The first message of a GraphQL WebSocket, if it was read for a token in
            it.
        without_proof: Whether the token was where a client can't prove a key: among the
            subprotocols of a WebSocket, or in its first message.
        response_headers: The fields to add to a successful response.
        claimed_in: Where the first use of its proof was claimed: see `was_claimed`.
        validated: What the guard has validated, once it has authenticated the request; its type
            belongs to the guard.
        started: When its guard started to authenticate it, if that is measured, in seconds of a
            monotonic clock.
        trace: What the path appends its steps to, a `Trace`; None if it is not traced.
    """

    __slots__ = (
        "_authorization",
        "_token",
        "cache_key",
        "claimed_in",
        "connection_init",
        "form",
        "proofs",
        "response_headers",
        "scheme",
        "started",
        "trace",
        "validated",
        "without_proof",
    )

    def __init__(self, connection: Mapping[str, Any], form: bytes | None = None) -> None:
        self._connection = connection
        self.form = form
        self.connection_init: ConnectionInit | None = None
        self._authorization: bytes | None = None
        self._token: RawToken | None = None
        self.cache_key: bytes | None = None
        self.scheme: str | None = None
        self.proofs: tuple[bytes, ...] | None = None
        self.without_proof = False
        self.response_headers: tuple[tuple[bytes, bytes], ...] = ()
        self.claimed_in: object = None
        self.validated: Any = None
        self.started: float | None = None
        self.trace: Any = None

    @property
    def outer(self) -> "ResourceRequest | None":
        """The request that a guard further outside has read from this connection."""
        outer = self._connection.get(REQUEST)
        return outer if isinstance(outer, ResourceRequest) else None

    @property
    def received(self) -> Mapping[str, Any]:
        """The connection as its guard received it; see `inner_request`."""
        received: Mapping[str, Any] = self._connection.get(RECEIVED, self._connection)
        return received

    def __repr__(self) -> str:
        return f"<ResourceRequest: {self.method}>"

    def with_credentials(self, token: str, proof: str | None = None) -> "ResourceRequest":
        """Return this request as if it had carried *token*, and a DPoP *proof* if there is one."""
        fields = self._connection["headers"]
        headers = [field for field in fields if field[0].lower() not in _CREDENTIALS]
        scheme = BEARER if proof is None else DPOP
        headers.append((b"authorization", f"{scheme} {token}".encode("latin-1", "replace")))
        if proof is not None:
            headers.append((b"dpop", proof.encode("latin-1", "replace")))
        # A query, a cookie or a subprotocol may have carried the first token.
        bare = {"headers": headers, "query_string": b"", "subprotocols": (), REQUEST: None}
        return ResourceRequest({**self._connection, **bare})

    def may_read_first_message(self, bearer_methods: BearerMethods) -> bool:
        """Return whether the token may be in the first message: it is nowhere else.

        Raises:
            InvalidRequest: The credentials are malformed.
        """
        return (
            self.connection_init is None
            and GRAPHQL in self.subprotocols
            and (self.is_secure or not bearer_methods.require_https)
            and not self.values_of(b"authorization")
            and not find_tokens(self, bearer_methods)
        )

    def read_credentials(self, bearer_methods: BearerMethods) -> None:
        """Read the one set of credentials that the request carries, and set the attributes.

        A token in an `Authorization` value is not parsed here: see `token`.

        Raises:
            MissingCredentials: The request carries no credentials, or their scheme is unknown.
            InvalidRequest: It carries several, they are too long, or a parameter is malformed.
            InsecureRequest: It did not come over TLS where TLS is required.
        """
        self._authorization = self._token = self.cache_key = self.scheme = self.proofs = None
        if bearer_methods.require_https and not self.is_secure:
            raise InsecureRequest
        self._read_fields(bearer_methods)
        value = self._authorization
        if not bearer_methods.header_only:
            self._read_parameters(bearer_methods, other_credentials=value is not None)
            if value is not None and bearer_methods.token_cookie is not None:
                self._read_prefix(value, dpop=bearer_methods.dpop)
        elif value is None:
            raise MissingCredentials
        elif value.startswith(BEARER_PREFIX):
            self.scheme, self.cache_key = BEARER, sha256(value).digest()
            return
        elif value.startswith(DPOP_PREFIX) and bearer_methods.dpop:
            self.scheme = DPOP
            self.cache_key = sha256(value).digest()
        if self.scheme is not BEARER:
            self._read_scheme(bearer_methods)

    def _read_fields(self, bearer_methods: BearerMethods) -> None:
        """Note the one `Authorization` value, and the values of `DPoP` if they are accepted."""
        value, dpop = None, bearer_methods.dpop
        for name, field in self._connection["headers"]:
            # Servers write header names in lower case, but ASGI does not require them to.
            length = len(name)
            if length == _AUTHORIZATION_LENGTH and name.lower() == b"authorization":
                if value is not None:
                    raise InvalidRequest(Reason.SEVERAL_CREDENTIALS)
                value = field
            elif dpop and length == _DPOP_LENGTH and name.lower() == b"dpop":
                self.proofs = (*(self.proofs or ()), field)
        if value is not None and len(value) > MAX_CREDENTIALS_BYTES:
            raise InvalidRequest(Reason.CREDENTIALS_TOO_LONG)
        self._authorization = value

    def _read_prefix(self, value: bytes, *, dpop: bool) -> None:
        """Read a scheme in the common spelling, where a cookie could have carried the token."""
        if value.startswith(BEARER_PREFIX) or (dpop and value.startswith(DPOP_PREFIX)):
            self.scheme = BEARER if value.startswith(BEARER_PREFIX) else DPOP
            self.cache_key = sha256(value).digest()

    def _read_scheme(self, bearer_methods: BearerMethods) -> None:
        """Read a scheme in another spelling; under DPoP, `proofs` is never None."""
        if self._authorization is not None and self.scheme is None:
            self.scheme, _ = parse_authorization(self._authorization, dpop=bearer_methods.dpop)
        if self.scheme == DPOP and self.proofs is None:
            self.proofs = ()

    @property
    def token(self) -> RawToken:
        """The token in the credentials that were read; parsed on first use, so not on a cache hit.

        Raises:
            MissingCredentials: No credentials were read.
            InvalidRequest: The credentials are malformed.
        """
        if self._token is not None:
            return self._token
        value = self._authorization
        if value is None:
            raise MissingCredentials
        token = value[len(DPOP_PREFIX if self.scheme is DPOP else BEARER_PREFIX) :]
        if self.cache_key is not None and is_token68(token):
            self._token = RawToken(token.decode("ascii"))
        else:
            # One token has many other spellings. If each had its own entry, one client could
            # fill the cache with a single token.
            self.cache_key = None
            self._token = parse_token68(parse_authorization(value, dpop=True)[1])
        self._token.connection = self._connection
        return self._token

    def _read_parameters(self, bearer_methods: BearerMethods, *, other_credentials: bool) -> None:
        found = find_tokens(self, bearer_methods)
        if len(found) + other_credentials > 1:
            raise InvalidRequest(Reason.SEVERAL_CREDENTIALS)
        if found:
            text, cached_as, self.without_proof = found[0]
            self.scheme = BEARER
            self._token = parse_token68(text)
            if cached_as is not None:
                self.cache_key = sha256(cached_as + text).digest()
        elif not other_credentials or bearer_methods.token_header is not None:
            self._authorization = None
            raise MissingCredentials
