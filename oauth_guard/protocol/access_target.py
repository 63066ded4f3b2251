"""AccessTarget: what a request does and to what, for a policy decision point."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from oauth_guard.errors import InvalidRequest, Reason
from oauth_guard.protocol.access_evaluation import (
    AccessEvaluation,
    Action,
    Entity,
    default_subject,
)
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.paths import is_ambiguous

__all__ = ["HANDSHAKE", "AccessTarget", "default_evaluation", "read_target", "target_of"]

HANDSHAKE = "WEBSOCKET"
"""The name of the action that opens a WebSocket, as in the patterns of `Rules`."""

_NO_METHOD = "other"
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class AccessTarget(NamedTuple):
    """What a request does, and to what. It is part of no log line.

    Attributes:
        action: The name of the action, such as the HTTP method.
        id: The identifier of the resource, such as the path.
        properties: What else is known about the resource.
    """

    action: str
    id: str
    properties: Mapping[str, Any] = _NOTHING


def target_of(connection: Mapping[str, Any]) -> AccessTarget:
    """Return the target of an ASGI *connection*: its method, and its whole path, decoded.

    HEAD is GET. The action of a handshake is `WEBSOCKET`, which no HTTP request has. Where the
    framework has found the route, the properties have its path with the names of parameters, and
    the values of these as text. The query is not part of it.

    Raises:
        InvalidRequest: Two programs might read the path as two different paths, so the policy
            would decide about another one than the application serves; or it is not text.
    """
    path: str = connection["path"]
    if is_ambiguous(path, connection.get("raw_path")) or not _is_text(path):
        raise InvalidRequest(Reason.AMBIGUOUS_PATH)
    action = HANDSHAKE
    if connection["type"] == "http":
        method: str = connection["method"].upper()  # as Django reads it, whatever the server does
        action = "GET" if method == "HEAD" else method.replace(HANDSHAKE, _NO_METHOD)
    properties: dict[str, Any] = {}
    route = getattr(connection.get("route"), "path", None) or connection.get("path_template")
    if isinstance(route, str):
        properties["route"] = route
    if params := connection.get("path_params"):
        properties["params"] = {str(name): str(value) for name, value in params.items()}
    return AccessTarget(action, path, properties)


def read_target(target: AccessTarget | Mapping[str, Any]) -> AccessTarget:
    """Return *target*, or the target of an ASGI connection: see `target_of`.

    Raises:
        InvalidRequest: See `target_of`.
    """
    return target if isinstance(target, AccessTarget) else target_of(target)


def default_evaluation(
    policy: str, identity: Identity, target: AccessTarget, resource: str
) -> AccessEvaluation:
    """Return the evaluation of *policy* for *identity* and *target*.

    *policy* is the type of the resource. Its properties are those of *target*, and `resource`,
    the URI of the guarded API. There is no context.

    Raises:
        InsufficientScope: The token names neither a user nor a client.
        InvalidRequest: *target* is not text that can be sent.
    """
    if not _is_text(target.id):
        raise InvalidRequest(Reason.AMBIGUOUS_PATH)
    subject = default_subject(identity)
    properties = {**target.properties, "resource": resource}
    return AccessEvaluation(subject, Action(target.action), Entity(policy, target.id, properties))


def _is_text(text: str) -> bool:
    """Return whether *text* can be written in UTF-8, and is not empty."""
    try:
        return bool(text.encode())
    except UnicodeEncodeError:
        return False
