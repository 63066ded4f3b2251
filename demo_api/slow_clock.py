"""slow_clock_route(): a token endpoint whose clock is an hour slow, so its tokens are expired."""

from dataclasses import replace

from sqlalchemy import Engine
from starlette.routing import Mount, Route

from demo_api.authorization_server import create_authorization_server
from demo_api.authorization_server.settings import TOKEN, Settings

_HOUR = 3600


def slow_clock_route(serving: Settings, engine: Engine) -> Mount:
    """Return the mount `/an-hour-ago`, for whoever wants to see an expired token refused.

    Its tokens are as real as any, of the same issuer and signed with the same keys. Its *engine*
    must be its own, so that no code and no refresh token lives an hour longer by it; so nobody
    who is asked about an opaque one knows it any longer.
    """
    slow = replace(serving, clock=lambda: serving.clock() - _HOUR)
    routes = create_authorization_server(slow, engine)
    token_endpoint = [route for route in routes if isinstance(route, Route) and route.path == TOKEN]
    return Mount("/an-hour-ago", routes=token_endpoint)
