"""ConnectionReader: what a guard reads from an ASGI connection, beside the credentials."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from oauth_guard.protocol.steps import TRACE
from oauth_guard.protocol.target_uri import full_raw_path

__all__ = ["ConnectionReader"]

_SECURE = frozenset({"https", "wss"})
_MAX_LOGGED = 200


class ConnectionReader:
    """An ASGI connection (HTTP or WebSocket), read on use. A subclass sets `_connection`."""

    __slots__ = ("_connection",)
    _connection: Mapping[str, Any]

    @property
    def method(self) -> str:
        """The HTTP method, upper case; `GET` for a WebSocket handshake (RFC 6455 §4.1)."""
        method: str = self._connection.get("method", "GET")
        return method

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """Name and value as received, in order; names in any case."""
        headers: Sequence[tuple[bytes, bytes]] = self._connection["headers"]
        return headers

    @property
    def given_trace(self) -> object:
        """What the connection has at `TRACE`."""
        return self._connection.get(TRACE)

    @property
    def is_secure(self) -> bool:
        """Whether the request came over TLS, as far as the server knows."""
        return self._connection.get("scheme") in _SECURE

    @property
    def query(self) -> bytes:
        """The query string, still encoded."""
        query: bytes = self._connection.get("query_string", b"")
        return query

    @property
    def full_path(self) -> bytes:
        """The path from the root of the origin, percent-encoded."""
        path, raw_path = self._connection["path"], self._connection.get("raw_path")
        return full_raw_path(path, raw_path, self._connection.get("root_path", ""))

    @property
    def root_path(self) -> str:
        """The path that the application is mounted at, decoded."""
        root_path: str = self._connection.get("root_path", "")
        return root_path

    @property
    def target(self) -> dict[str, str]:
        """Method and path for the log: percent-encoded, at most 200 characters, no query."""
        path = quote(str(self._connection.get("path", "")))
        method = quote(self.method)
        return {"method": method[:_MAX_LOGGED], "path": path[:_MAX_LOGGED]} if path else {}

    @property
    def peer(self) -> str | None:
        """The address of the peer, as the server gives it; None if it gives none.

        Some servers replace it by an address from `X-Forwarded-For`, which a client can write.
        """
        client = self._connection.get("client")
        return client[0] if client else None

    @property
    def client_certificate(self) -> str | None:
        """The client's certificate in PEM, by the ASGI TLS extension; None if there is none.

        A certificate that the server could not verify counts as none.
        """
        tls = (self._connection.get("extensions") or {}).get("tls") or {}
        if tls.get("client_cert_error") is not None:
            return None
        return next(iter(tls.get("client_cert_chain") or ()), None)

    @property
    def subprotocols(self) -> Sequence[str]:
        """The subprotocols that the client of a WebSocket offers; empty over HTTP."""
        offered: Sequence[str] = self._connection.get("subprotocols") or ()
        return offered

    def values_of(self, name: bytes) -> list[bytes]:
        """Return the values of the header fields with this *name*, which is in lower case."""
        return [value for field, value in self.headers if field.lower() == name]
