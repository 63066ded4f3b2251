"""inner_request(): a connection as a guard reads it that is placed further outside as well."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from oauth_guard.asgi import GUARD, REQUEST
from oauth_guard.protocol.hidden_credentials import HiddenCredentials
from oauth_guard.protocol.request import RECEIVED, ResourceRequest
from oauth_guard.protocol.subprotocols import SUBPROTOCOLS, without_tokens

__all__ = ["inner_request"]

_Field: TypeAlias = tuple[bytes, bytes]


class _Browsers(Protocol):
    @property
    def credentials(self) -> HiddenCredentials: ...


class _Guard(Protocol):
    """What of a guard says where it reads credentials, and what it hides from the application."""

    @property
    def browsers(self) -> _Browsers: ...

    @property
    def hidden_fields(self) -> frozenset[bytes]: ...

    @property
    def hidden_credentials(self) -> HiddenCredentials | None: ...


class _Step(NamedTuple):
    """A guard, the request that it has read, and the connection that it has passed on."""

    guard: _Guard
    request: ResourceRequest
    passed_on: Mapping[str, Any]


def inner_request(connection: Mapping[str, Any], guard: _Guard) -> ResourceRequest:
    """Return the request of *connection*, which one or more guards have passed on.

    If *guard* itself is one of them, the request has what it has read before and what it and the
    guards since have hidden from the application: the credentials (`hide_credentials=`), the
    fields of a proxy, subprotocols with a token, and the first message of a GraphQL WebSocket.
    Otherwise a guard around an application and around a part of it would reject every caller.
    What an application in between has added, removed or changed is read alone, as it is.
    """
    steps = _steps_since(guard, connection)
    if not steps:
        return ResourceRequest(connection)
    read = steps[0].request
    headers: Sequence[_Field] = connection["headers"]
    carries = guard.browsers.credentials.carry
    credentials = _unchanged(steps, carries)
    if credentials is not None:
        headers = [*(field for field in headers if not carries(field)), *credentials]
    names = guard.hidden_fields
    if fields := _unchanged(steps, lambda field: field[0].lower() in names):
        headers = [*headers, *fields]
    restored = {**connection, "headers": headers, RECEIVED: connection}
    if credentials is not None and SUBPROTOCOLS in names and _offers_unchanged(steps):
        restored["subprotocols"] = read.subprotocols
    request = ResourceRequest(restored)
    if credentials is not None:
        request.connection_init = read.connection_init
    return request


def _steps_since(guard: _Guard, connection: Mapping[str, Any]) -> list[_Step]:
    """Return the guards outside *connection* from *guard* inwards; none if it is not among them."""
    steps: list[_Step] = []
    while (request := connection.get(REQUEST)) is not None:
        steps.append(_Step(connection[GUARD], request, connection))
        if connection[GUARD] is guard:
            return steps[::-1]
        connection = request.received
    return []


def _unchanged(
    steps: Sequence[_Step], is_part: Callable[[_Field], bool]
) -> Sequence[_Field] | None:
    """Return the fields of the first request for which *is_part* returns True.

    None if an application in between has changed them, and not the guards alone.
    """
    read = steps[0].request
    kept = list(filter(is_part, read.received["headers"]))
    for guard, _, passed_on in steps:
        kept = list(filter(is_part, _visible(kept, guard)))
        if kept != list(filter(is_part, passed_on["headers"])):
            return None
    return list(filter(is_part, read.headers))


def _visible(fields: Sequence[_Field], guard: _Guard) -> Sequence[_Field]:
    """Return those of *fields* that the application behind *guard* sees."""
    names, credentials = guard.hidden_fields, guard.hidden_credentials
    kept = [field for field in fields if field[0].lower() not in names]
    return kept if credentials is None else credentials.without(kept)


def _offers_unchanged(steps: Sequence[_Step]) -> bool:
    """Return whether only guards have changed the subprotocols, by removing tokens."""
    offered = without_tokens(steps[0].request.subprotocols)
    return all(list(step.passed_on.get("subprotocols") or ()) == offered for step in steps)
