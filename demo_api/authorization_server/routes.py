"""create_authorization_server(): the routes of the authorization server, with full paths."""

import secrets
import time
from collections.abc import Callable

from joserfc.jwk import KeySet
from sqlalchemy import Engine
from starlette.routing import BaseRoute, Route

from demo_api.authorization_server import settings
from demo_api.authorization_server.endpoints import Endpoints
from demo_api.authorization_server.keys import new_key_set
from demo_api.authorization_server.seed import seed


def create_authorization_server(
    *,
    origin: str,
    resource: str,
    engine: Engine,
    keys: KeySet | None = None,
    clock: Callable[[], float] = time.time,
) -> list[BaseRoute]:
    """Return the routes for an application that is served at *origin*.

    Tokens are for *resource*; accounts, clients and what was issued live in *engine*, which is
    seeded with the cast of the demo. Without *keys* the signing key is new each time.
    """
    seed(engine, origin)
    serving = settings.Settings(
        origin=origin,
        resource=resource,
        clock=clock,
        keys=keys or new_key_set(),
        form_key=secrets.token_bytes(32),
    )
    serve = Endpoints(serving, engine)
    return [
        Route(settings.METADATA, serve.metadata, methods=["GET"]),
        Route(settings.JWKS, serve.jwks, methods=["GET"]),
        Route(settings.AUTHORIZE, serve.authorize, methods=["GET", "POST"]),
        Route(settings.TOKEN, serve.token, methods=["POST"]),
        Route(settings.TOKEN, serve.token_preflight, methods=["OPTIONS"]),
        Route(settings.INTROSPECT, serve.introspect, methods=["POST"]),
        Route(settings.REVOKE, serve.revoke, methods=["POST"]),
        Route(settings.REGISTER, serve.register, methods=["POST"]),
        Route(settings.NEW_CLIENT, serve.new_client, methods=["GET", "POST"]),
    ]
