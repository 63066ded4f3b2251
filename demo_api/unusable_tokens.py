"""unusable_tokens_routes(): token endpoints whose tokens the API must reject."""

from dataclasses import replace

from sqlalchemy import Engine
from starlette.routing import Mount, Route

from demo_api.authorization_server import create_authorization_server
from demo_api.authorization_server.settings import TOKEN, Settings

_HOUR = 3600
OTHER_RESOURCE = "https://payroll.example.com"


def unusable_tokens_routes(serving: Settings, engine: Engine) -> list[Mount]:
    """Return the mounts `/an-hour-ago` and `/another-resource`, for demonstration.

    The first issues expired tokens, the second tokens for another resource. Both have the same
    issuer and the same signing keys as the others. They need an *engine* of their own; otherwise
    codes and refresh tokens would live an hour longer. Introspection therefore reports their opaque
    tokens as inactive.
    """
    past = replace(serving, clock=lambda: serving.clock() - _HOUR)
    elsewhere = replace(serving, resource=OTHER_RESOURCE, more_resources=())
    return [
        _token_endpoint("/an-hour-ago", past, engine),
        _token_endpoint("/another-resource", elsewhere, engine),
    ]


def _token_endpoint(prefix: str, serving: Settings, engine: Engine) -> Mount:
    routes = create_authorization_server(serving, engine)
    return Mount(
        prefix, routes=[each for each in routes if isinstance(each, Route) and each.path == TOKEN]
    )
