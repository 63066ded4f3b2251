"""slow_clock_route(): a token endpoint whose clock is an hour slow, so its tokens are expired."""

from collections.abc import Callable

from joserfc.jwk import KeySet
from sqlalchemy import Engine
from starlette.routing import Mount, Route

from demo_api.authorization_server import create_authorization_server
from demo_api.authorization_server.settings import TOKEN

_HOUR = 3600


def slow_clock_route(
    origin: str, resource: str, engine: Engine, keys: KeySet, clock: Callable[[], float]
) -> Mount:
    """Return the mount `/an-hour-ago`, for whoever wants to see an expired token refused.

    Its tokens are as real as any, of the same issuer and signed with the same *keys*. Its *engine*
    must be its own, so that no code and no refresh token lives an hour longer by it.
    """
    routes = create_authorization_server(
        origin=origin,
        resource=resource,
        engine=engine,
        keys=keys,
        clock=lambda: clock() - _HOUR,
    )
    token_endpoint = [route for route in routes if isinstance(route, Route) and route.path == TOKEN]
    return Mount("/an-hour-ago", routes=token_endpoint)
