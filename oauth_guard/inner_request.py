"""inner_request(): a connection as a guard reads it that is placed further outside as well."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from oauth_guard.asgi import GUARD, REQUEST, Connection
from oauth_guard.protocol.hidden_credentials import HiddenCredentials
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.subprotocols import SUBPROTOCOLS

__all__ = ["inner_request"]

_Field: TypeAlias = tuple[bytes, bytes]


class _Guard(Protocol):
    """What of a guard says which header fields it hides from the application."""

    @property
    def hidden_fields(self) -> frozenset[bytes]: ...

    @property
    def hidden_credentials(self) -> HiddenCredentials | None: ...


def inner_request(connection: Connection, guard: _Guard) -> ResourceRequest:
    """Return the request of *connection*, which another guard or the same one passed on.

    If it was *guard* itself, the request has what *guard* has hidden from the application:
    the credentials (`hide_credentials=`), the fields of a proxy, subprotocols with a token, and
    the first message of a GraphQL WebSocket. Otherwise a guard around an application and around a
    part of it would reject every caller.
    Credentials, or fields of the proxy, that were added since are read alone, as they are.
    """
    outer = connection[REQUEST]
    if connection.get(GUARD) is not guard:
        return ResourceRequest(connection)
    names, credentials = guard.hidden_fields, guard.hidden_credentials
    restored = {**connection, "headers": list(connection["headers"])}
    _restore(restored, outer, lambda field: field[0].lower() in names)
    if credentials is not None:
        _restore(restored, outer, lambda field: credentials.without([field]) != [field])
    if SUBPROTOCOLS in names:
        restored["subprotocols"] = outer.subprotocols
    request = ResourceRequest(restored)
    if not request.values_of(b"authorization"):
        request.connection_init = outer.connection_init
    return request


def _restore(
    connection: Connection, outer: ResourceRequest, is_hidden: Callable[[_Field], bool]
) -> None:
    """Add the hidden fields of *outer*, unless *connection* has such fields again."""
    headers: list[_Field] = connection["headers"]
    if not any(map(is_hidden, headers)):
        headers += filter(is_hidden, outer.headers)
