"""renew: let an open WebSocket continue with a newer token of the same caller."""

from typing import Any

from oauth_guard.asgi import IDENTITY, REQUEST, Connection
from oauth_guard.connections.guarded_connection import OPEN_CONNECTION
from oauth_guard.connections.guarded_websocket import GuardedWebSocket
from oauth_guard.errors import ConfigurationError, InvalidToken, Reason
from oauth_guard.protocol.binding import confirmation_of
from oauth_guard.protocol.identity import Identity, is_same_caller, set_current_identity
from oauth_guard.protocol.request import ResourceRequest

__all__ = ["renew"]


async def renew(websocket: Any, token: str, *, proof: str | None = None) -> Identity:
    """Let *websocket* continue with *token*, and return the identity that it asserts.

    The token is validated like that of a new request. It must satisfy what the middleware and the
    route required of the first one, and have the same issuer, subject, client and `cnf`. From then
    on the WebSocket ends with this token; up to a second late if its `exp` has another fraction
    of a second. After an exception the WebSocket continues with the token that it had.

    Args:
        websocket: The WebSocket of Starlette or FastAPI, or the ASGI connection.
        token: The newer access token, as the client sent it in a message.
        proof: A DPoP proof for *token*: method GET, and the URL of the handshake. If the token is
            bound to a client certificate, that of the handshake counts.

    Raises:
        InvalidToken: It is not valid, belongs to another caller or has no subject; or the first
            token has ended already.
        RequestRejected: It is rejected for another reason, as at a new request.
        IssuerUnavailable: Its issuer can't be reached.
        ConfigurationError: No middleware with a guard serves this WebSocket, or it is anonymous.
    """
    connection: Connection = getattr(websocket, "scope", websocket)
    opened = connection.get(OPEN_CONNECTION)
    if not isinstance(opened, GuardedWebSocket):
        raise ConfigurationError(
            "renew() needs a WebSocket that OAuthGuardMiddleware has authenticated."
        )
    request = opened.request.with_credentials(token, proof)
    identity = await opened.guard.authenticate(request)
    _check_same_caller(identity, opened.identity)
    await opened.authorize_again(request, identity)
    if opened.code is not None:
        raise InvalidToken(Reason.EXPIRED)
    opened.request = request
    _replace(connection, request, identity)
    return identity


def _replace(connection: Connection, request: ResourceRequest, identity: Identity) -> None:
    """Let the application find *request* and *identity* in *connection*."""
    earlier, connection[REQUEST] = connection[IDENTITY], request
    for name in (IDENTITY, "user", "auth"):
        if connection.get(name) is earlier:  # other middleware may have replaced it
            connection[name] = identity
    set_current_identity(identity)


def _check_same_caller(identity: Identity, earlier: Identity) -> None:
    if identity.subject is None or not is_same_caller(identity, earlier):
        raise InvalidToken(Reason.ANOTHER_CALLER)
    if confirmation_of(identity.claims) != confirmation_of(earlier.claims):
        raise InvalidToken(Reason.BOUND_TOKEN)
