"""ConnectionInit: a token in the first message of a GraphQL WebSocket (graphql-transport-ws)."""

import json
from dataclasses import dataclass

from oauth_guard.errors import InvalidRequest, MissingCredentials, Reason
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.protocol.credentials import parse_authorization

__all__ = ["GRAPHQL", "ConnectionInit", "read_connection_init"]

GRAPHQL = "graphql-transport-ws"
"""The subprotocol of GraphQL over WebSocket."""

_TYPE, _FIELD = "connection_init", "authorization"
_MAX_BYTES = 8 * 1024


@dataclass(frozen=True, slots=True, repr=False)
class ConnectionInit:
    """The first message of a WebSocket, read for the token in its payload.

    Attributes:
        text: The message as the application sees it: without the token. None if it is not one
            `connection_init` of at most 8 KiB, or none came in time.
        authorization: The value of `Authorization` in its payload; None if there is none.
    """

    text: str | None
    authorization: bytes | None = None

    def token(self) -> bytes | None:
        """Return the token, which is not checked yet; None if the message has none.

        Raises:
            InvalidRequest: The message is no `connection_init`, or its token is malformed.
        """
        if self.text is None:
            raise InvalidRequest(Reason.NO_CONNECTION_INIT)
        if self.authorization is None:
            return None
        try:
            return parse_authorization(self.authorization)[1]
        except MissingCredentials:  # of another scheme
            raise InvalidRequest(Reason.MALFORMED_CREDENTIALS) from None


def read_connection_init(text: object) -> ConnectionInit:
    """Read the *text* of the first message; None for a message that is no text.

    The token is in `payload`, under the name `Authorization` in any case, as `Bearer <token>`.
    """
    try:
        return _read(text)
    except ValueError:
        return ConnectionInit(None)


def _read(text: object) -> ConnectionInit:
    if not isinstance(text, str):
        raise ValueError("no text")  # noqa: TRY004 - a client wrote it
    data = text.encode()  # a lone surrogate is a `ValueError`
    if len(data) > _MAX_BYTES:
        raise ValueError("too long")
    message = parse_object(data)
    payload = message.get("payload")
    if message.get("type") != _TYPE:
        raise ValueError("another message")
    if payload is None:
        return ConnectionInit(text)
    if not isinstance(payload, dict):
        raise ValueError("the payload is no object")  # noqa: TRY004 - a client wrote it
    values = [payload.pop(name) for name in list(payload) if name.lower() == _FIELD]
    if not values:
        return ConnectionInit(text)
    if len(values) > 1 or not isinstance(values[0], str):
        raise ValueError("several tokens, or none that is a string")
    return ConnectionInit(json.dumps(message), values[0].encode())
