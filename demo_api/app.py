"""create_app(): the guarded API and the authorization server, side by side on one origin."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypedDict, Unpack

import httpx
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp

from demo_api import accounts, greeting
from demo_api.authorization_server import create_authorization_server
from demo_api.authorization_server.client_documents import ClientDocuments
from demo_api.authorization_server.keys import new_key_set, read_key_set, serialize_key_set
from demo_api.authorization_server.pages import page
from demo_api.authorization_server.settings import AUTHORIZE, NEW_CLIENT, Settings
from demo_api.authorization_server_controls import Controls
from demo_api.busy_database import database_response
from demo_api.canonical_host import CanonicalHost
from demo_api.database import open_database
from demo_api.flow_events import FlowEvents
from demo_api.flow_events_api import flow_events_route
from demo_api.flow_recorder import FlowRecorder
from demo_api.guard import SharedStores
from demo_api.people import Member, People
from demo_api.persistent_secrets import PersistentSecrets
from demo_api.resource_servers import API, ResourceServers
from demo_api.resources import host_and_port
from demo_api.signing_out import SigningOut
from demo_api.unusable_tokens import unusable_tokens_routes

#: The pages for people. Cookies and redirect_uris of `localhost` would be those of another host.
_PAGES = frozenset(["/", AUTHORIZE, NEW_CLIENT, "/v1/fastapi/docs"])


class Options(TypedDict, total=False):
    """The options of the demo, each with a default.

    Attributes:
        opaque: Issue opaque tokens: the guards introspect each one.
        redis: The URL of a Redis server through which processes share results and used proofs.
        client_origin: The origin of the client application.
        controls: Let the client application stop the authorization server and rotate the signing
            key, in one process only. Without them the MCP server has no sessions, which belong to
            one process.
        guide: What is served at /guide/.
        resources: What tokens are issued for, beside the API and the MCP server.
        client_documents: Origins on this machine whose metadata documents describe clients.
        http: The client by which the guards reach the authorization server.
        clock: Returns the time in seconds.
    """

    opaque: bool
    redis: str | None
    client_origin: str
    controls: bool
    guide: ASGIApp | None
    resources: tuple[str, ...]
    client_documents: tuple[str, ...]
    http: httpx.AsyncClient
    clock: Callable[[], float]


def create_app(origin: str, engine: Engine, **options: Unpack[Options]) -> Starlette:
    """Return the demo as it is served at *origin*, with its data in *engine*.

    The guards fetch the issuer's metadata and keys from *origin* over the network, when the first
    token arrives, since *origin* is not served before.

    Raises:
        ConfigurationError: The option *redis* is not the URL of a Redis server.
    """
    stored, expired = PersistentSecrets(engine), open_database()
    # No proxy reaches this machine.
    http = options.get("http") or httpx.AsyncClient(trust_env=False)
    servers = _resource_servers(origin, engine, stored, http, options)
    settings = _settings(origin, stored, servers.mcp.resource, options)
    events, control = FlowEvents(engine), Controls(settings, settings.clock)
    has_controls = options.get("controls", True)
    # Two routers, since the first matching route wins: GET /v1/auth/oauth2/token has a wrong
    # method there (405), and is not a path of the API, which requires a token (401).
    signing_out = SigningOut(settings, engine, http)
    controls = [*control.routes(), *signing_out.routes(servers.api)] if has_controls else []
    extra = [flow_events_route(events), *controls]
    public = [
        *_pages(settings, options),
        *create_authorization_server(settings, engine, _documents(options)),
        *unusable_tokens_routes(settings, expired),
        *servers.public_routes(),
    ]
    app = Router(public, default=Router([servers.api_mount(extra)]))
    return Starlette(
        routes=[Mount("", FlowRecorder(control.outage(app), events))],
        middleware=[Middleware(CanonicalHost, origin=origin, pages=_PAGES)],
        exception_handlers={HTTPException: error_response, SQLAlchemyError: database_response},
        lifespan=_lifespan(servers, http, expired),
    )


def _resource_servers(
    origin: str,
    engine: Engine,
    stored: PersistentSecrets,
    http: httpx.AsyncClient,
    options: Options,
) -> ResourceServers:
    people = People(engine)
    people.seed(_members(origin))
    return ResourceServers.build(
        origin,
        people,
        opaque=options.get("opaque", False),
        shared=SharedStores(stored, options.get("redis")),
        http=http,
        clock=options.get("clock", time.time),
        one_process=options.get("controls", True),
    )


def _settings(origin: str, stored: PersistentSecrets, mcp: str, options: Options) -> Settings:
    keys = read_key_set(stored.text("signing keys", lambda: serialize_key_set(new_key_set())))
    return Settings(
        origin,
        f"{origin}{API}",
        keys=keys,
        form_key=stored.bytes("form key"),
        opaque=options.get("opaque", False),
        client_origin=options.get("client_origin", accounts.DEFAULT_CLIENT_ORIGIN),
        more_resources=(mcp, *options.get("resources", ())),
        clock=options.get("clock", time.time),
    )


def _pages(settings: Settings, options: Options) -> list[BaseRoute]:
    guide = options.get("guide")
    return [
        *([Mount("/guide", guide)] if guide else ()),
        Route("/", _home_page(settings.origin, settings.client_origin)),
        Route("/health", health),
    ]


def _documents(options: Options) -> ClientDocuments:
    return ClientDocuments(frozenset(map(host_and_port, options.get("client_documents", ()))))


def _lifespan(
    servers: ResourceServers, http: httpx.AsyncClient, expired_engine: Engine
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            async with servers.running():
                yield
        finally:
            await http.aclose()
            expired_engine.dispose()

    return lifespan


def _home_page(origin: str, client_origin: str) -> Callable[[Request], Awaitable[Response]]:
    async def home_page(_: Request) -> Response:
        return page(
            "home.html",
            owners=accounts.RESOURCE_OWNERS,
            accounts=accounts.SERVICE_ACCOUNTS,
            clients=accounts.clients(origin, client_origin),
            client_origin=client_origin,
            tour=greeting.tour_command(origin),
            token=greeting.token_command(origin),
            call=greeting.call_command(origin),
            rejection=greeting.rejection_command(origin),
        )

    return home_page


async def health(_: Request) -> Response:
    """Report that the process serves requests."""
    return JSONResponse({"status": "ok"})


async def error_response(_: HTTPConnection, error: Exception) -> Response:
    """Send an error as JSON; the headers keep the challenge of a rejected route."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it handles no other type
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


def _members(origin: str) -> list[Member]:
    """Return the members. A client that acts for itself belongs to no organisation."""
    owners = [
        Member(
            issuer=origin,
            subject=owner.subject,
            display_name=owner.display_name,
            organisation=owner.organisation,
        )
        for owner in accounts.RESOURCE_OWNERS
    ]
    services = [
        Member(
            issuer=origin,
            subject=account.subject,
            display_name=account.display_name,
            sees_everyone=True,
        )
        for account in accounts.SERVICE_ACCOUNTS
    ]
    return owners + services
