"""ForwardedRequests: reads method and URI of the request that a reverse proxy asks about."""

import re
from typing import Literal, NamedTuple, TypeAlias, get_args
from urllib.parse import unquote_to_bytes

from oauth_guard.asgi import Connection
from oauth_guard.errors import ConfigurationError, InvalidRequest, Reason
from oauth_guard.protocol.paths import is_ambiguous, is_under

__all__ = ["CHECK_PATH", "ForwardedRequest", "ForwardedRequests", "Proxy"]

Proxy: TypeAlias = Literal["nginx", "caddy", "traefik", "envoy"]
"""The kinds of proxies. Each forwards method and URI in a way of its own."""

CHECK_PATH = "/check"
"""The path that a proxy sends its requests to."""

_FORWARDED = (b"x-forwarded-method", b"x-forwarded-uri")
_FIELDS = {"nginx": (b"x-original-method", b"x-original-uri"), "caddy": _FORWARDED}
_METHOD = re.compile(rb"[A-Z]{1,20}(?:-[A-Z]{1,20})?")
# Printable ASCII without `#` and backslash. An escape has two hexadecimal digits.
_PATH = re.compile(rb'/(?:[!"$&-\[\]-~]|%[0-9A-Fa-f]{2})*')
_QUERY = re.compile(rb'[!"$-~]*')
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~\-]+)*")
_SCHEMES = {b"https": "https", b"wss": "https"}


class ForwardedRequest(NamedTuple):
    """The request of a client, as the proxy describes it.

    Attributes:
        connection: It as an ASGI connection, with the whole path that the client sent.
        path: The path for the rules, decoded.
        raw_path: The path for the rules, percent-encoded.
        is_below_prefix: Whether the path is below the configured prefix.
    """

    connection: Connection
    path: str
    raw_path: bytes
    is_below_prefix: bool


class ForwardedRequests:
    """Reads the requests of one proxy. Nothing here checks that they come from it.

    Args:
        proxy: The kind of proxy. nginx sends `X-Original-Method` and `X-Original-URI`, Caddy and
            Traefik send `X-Forwarded-Method` and `X-Forwarded-Uri`; Envoy sends its request with
            the method and below `/check` with the path and query of the client's.
        prefix: The path below which clients see the application, such as `/api`.
        strips_prefix: Whether the proxy has removed the prefix from the URI that it forwards.

    Raises:
        ConfigurationError: A setting has another form.
    """

    def __init__(self, proxy: Proxy, prefix: str, *, strips_prefix: bool) -> None:
        if proxy not in get_args(Proxy):
            raise ConfigurationError(f"proxy= is one of {', '.join(get_args(Proxy))}.")
        if not _PREFIX.fullmatch(prefix) or is_ambiguous(prefix, None):
            raise ConfigurationError('prefix= is a path like "/api", without a slash at its end.')
        if strips_prefix and not prefix:
            raise ConfigurationError('strips_prefix=True needs the prefix: prefix="/api".')
        self._fields = None if proxy == "envoy" else _FIELDS.get(proxy, _FORWARDED)
        self._prefix, self._strips_prefix = prefix, strips_prefix

    @property
    def root_paths(self) -> tuple[str]:
        """The prefix that the application removes from `ForwardedRequest.path`."""
        return ("" if self._strips_prefix else self._prefix,)

    def read(self, connection: Connection) -> ForwardedRequest:
        """Return the request that *connection*, which comes from the proxy, asks about.

        Its scheme is that of `X-Forwarded-Proto`; without exactly one, it counts as http.

        Raises:
            InvalidRequest: Method or URI is missing, there are several, or it is malformed: not
                an absolute path with a query, with a fragment, or with what no URI has.
        """
        method, path, query = self._parts(connection)
        if not (_METHOD.fullmatch(method) and _PATH.fullmatch(path) and _QUERY.fullmatch(query)):
            raise InvalidRequest(Reason.AMBIGUOUS_PATH)
        decoded = unquote_to_bytes(path).decode("utf-8", "replace")
        added = self._prefix if self._strips_prefix else ""
        protocols = _values(connection, b"x-forwarded-proto")
        scheme = _SCHEMES.get(protocols[0], "http") if len(protocols) == 1 else "http"
        # Without the extensions: the TLS certificate of this connection is that of the proxy.
        forwarded: Connection = {
            "type": "http",
            "method": method.decode("ascii"),
            "scheme": scheme,
            "path": added + decoded,
            "raw_path": added.encode("ascii") + path,
            "query_string": query,
            "root_path": "",
            "headers": connection["headers"],
            "client": connection.get("client"),
        }
        is_below_prefix = self._strips_prefix or is_under(decoded, self._prefix)
        return ForwardedRequest(forwarded, decoded, path, is_below_prefix)

    def _parts(self, connection: Connection) -> tuple[bytes, bytes, bytes]:
        """Return method, path and query."""
        if self._fields is None:
            raw_path = connection.get("raw_path") or b""
            path = raw_path.removeprefix(CHECK_PATH.encode("ascii"))
            below = path if len(path) < len(raw_path) else b""
            return connection["method"].encode(), below, connection.get("query_string", b"")
        methods, uris = (_values(connection, name) for name in self._fields)
        if len(methods) != 1 or len(uris) != 1:
            raise InvalidRequest(Reason.AMBIGUOUS_PATH)
        path, _, query = uris[0].partition(b"?")
        return methods[0], path, query


def _values(connection: Connection, name: bytes) -> list[bytes]:
    return [value for field, value in connection["headers"] if field.lower() == name]
