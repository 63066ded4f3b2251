"""create_authorization_server(): the routes of the authorization server, with full paths."""

from sqlalchemy import Engine
from starlette.routing import BaseRoute, Route

from demo_api.authorization_server import settings
from demo_api.authorization_server.client_documents import ClientDocuments
from demo_api.authorization_server.endpoints import Endpoints
from demo_api.authorization_server.seed import seed


def create_authorization_server(
    serving: settings.Settings, engine: Engine, documents: ClientDocuments | None = None
) -> list[BaseRoute]:
    """Return the routes for an application with the settings *serving*.

    Accounts, clients and issued tokens are in *engine*, which is seeded with the demo's accounts
    and clients. *documents* finds clients that are identified by a URL; by default only those of
    public hosts.
    """
    seed(engine, serving.origin, serving.client_origin)
    serve = Endpoints(serving, engine, documents or ClientDocuments())
    return [
        Route(settings.METADATA, serve.metadata, methods=["GET"]),
        Route(settings.OPENID_METADATA, serve.openid_metadata, methods=["GET"]),
        Route(settings.USERINFO, serve.userinfo, methods=["GET"]),
        Route(settings.JWKS, serve.jwks, methods=["GET"]),
        Route(settings.AUTHORIZE, serve.authorize, methods=["GET", "POST"]),
        *token_routes(serve),
        Route(settings.INTROSPECT, serve.introspect, methods=["POST"]),
        Route(settings.REVOKE, serve.revoke, methods=["POST"]),
        Route(settings.REGISTER, serve.register, methods=["POST"]),
        Route(settings.NEW_CLIENT, serve.new_client, methods=["GET", "POST"]),
    ]


def token_routes(serve: Endpoints) -> list[Route]:
    """Return the routes of the token endpoint alone."""
    return [
        Route(settings.TOKEN, serve.token, methods=["POST"]),
        Route(settings.TOKEN, serve.token_preflight, methods=["OPTIONS"]),
    ]
