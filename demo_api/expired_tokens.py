"""expired_tokens_route(): a token endpoint one hour in the past; its tokens are expired."""

from dataclasses import replace

from sqlalchemy import Engine
from starlette.routing import Mount, Route

from demo_api.authorization_server import create_authorization_server
from demo_api.authorization_server.settings import TOKEN, Settings

_HOUR = 3600


def expired_tokens_route(serving: Settings, engine: Engine) -> Mount:
    """Return the mount `/an-hour-ago`, which issues expired tokens for demonstration.

    Its tokens have the same issuer and the same signing keys as the others. It needs an *engine*
    of its own; otherwise codes and refresh tokens would live an hour longer. Introspection
    therefore reports its opaque tokens as inactive.
    """
    past = replace(serving, clock=lambda: serving.clock() - _HOUR)
    routes = create_authorization_server(past, engine)
    token_endpoint = [route for route in routes if isinstance(route, Route) and route.path == TOKEN]
    return Mount("/an-hour-ago", routes=token_endpoint)
