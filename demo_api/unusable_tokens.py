"""unusable_tokens_routes(): token endpoints whose tokens the API must reject."""

from dataclasses import replace

from sqlalchemy import Engine
from starlette.routing import Mount

from demo_api.authorization_server.client_documents import ClientDocuments
from demo_api.authorization_server.endpoints import Endpoints
from demo_api.authorization_server.routes import token_routes
from demo_api.authorization_server.seed import seed
from demo_api.authorization_server.settings import Settings

_HOUR = 3600
OTHER_RESOURCE = "https://payroll.example.com"


def unusable_tokens_routes(serving: Settings, engine: Engine) -> list[Mount]:
    """Return the mounts `/an-hour-ago` and `/another-resource`, for demonstration.

    The first issues expired tokens, the second tokens for another resource. Both have the same
    issuer and the same signing keys as the others. They need an *engine* of their own; otherwise
    codes and refresh tokens would live an hour longer. Introspection therefore reports their opaque
    tokens as inactive.
    """
    seed(engine, serving.origin, serving.client_origin)
    past = replace(serving, clock=lambda: serving.clock() - _HOUR)
    elsewhere = replace(serving, resource=OTHER_RESOURCE, more_resources=())
    return [
        _token_endpoint("/an-hour-ago", past, engine),
        _token_endpoint("/another-resource", elsewhere, engine),
    ]


def _token_endpoint(prefix: str, serving: Settings, engine: Engine) -> Mount:
    return Mount(prefix, routes=token_routes(Endpoints(serving, engine, ClientDocuments())))
