"""create_app(): the guarded API and the authorization server, side by side on one origin."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

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

from demo_api import accounts, greeting, with_fastapi
from demo_api.authorization_server import create_authorization_server
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
from demo_api.guard import create_guard
from demo_api.people import Member, People
from demo_api.people_api import people_routes
from demo_api.persistent_secrets import PersistentSecrets
from demo_api.unusable_tokens import unusable_tokens_routes
from oauth_guard import Guard, OAuthGuardMiddleware
from oauth_guard.possession import DPoP, Nonces
from oauth_guard.starlette import metadata_route
from oauth_guard.stores.redis import RedisStore
from oauth_guard.stores.redis_once import RedisOnce

#: The pages for people. Cookies and redirect_uris of `localhost` would be those of another host.
_PAGES = frozenset(["/", AUTHORIZE, NEW_CLIENT, "/v1/fastapi/docs"])


def create_app(  # noqa: PLR0913 - settings, each by keyword and with a default
    origin: str,
    engine: Engine,
    *,
    opaque: bool = False,
    redis: str | None = None,
    client_origin: str = accounts.DEFAULT_CLIENT_ORIGIN,
    controls: bool = True,
    guide: ASGIApp | None = None,
    http: httpx.AsyncClient | None = None,
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """Return the demo as it is served at *origin*, with its data in *engine*.

    The guard fetches the issuer's metadata and keys from *origin* over the network, when the first
    token arrives, since *origin* is not served before. With *opaque*, it introspects each token
    there, and can share the results through *redis*. The client application at *client_origin*
    can, with *controls*, stop the authorization server and rotate the signing key, in one process
    only. *guide* is served at /guide/.

    Raises:
        ConfigurationError: *redis* is not the URL of a Redis server.
    """
    http = http or httpx.AsyncClient(trust_env=False)  # no proxy reaches this machine
    stored, expired = PersistentSecrets(engine), open_database()
    store, dpop = _stores(stored, redis, clock)
    guard = create_guard(origin, opaque=opaque, store=store, dpop=dpop, http=http, clock=clock)
    settings = _settings(stored, guard.resource, client_origin, opaque=opaque, clock=clock)
    events, control = FlowEvents(engine), Controls(settings, clock)
    # Two routers, since the first matching route wins: GET /v1/auth/oauth2/token has a wrong
    # method there (405), and is not a path of the API, which requires a token (401).
    extra = [flow_events_route(events), *(control.routes() if controls else ())]
    api = Router([_guarded_api(guard, origin, engine, extra)])
    public = Router(_public_routes(guard, settings, engine, expired, guide), default=api)
    return Starlette(
        routes=[Mount("", FlowRecorder(control.outage(public), events))],
        middleware=[Middleware(CanonicalHost, origin=origin, pages=_PAGES)],
        exception_handlers={HTTPException: error_response, SQLAlchemyError: database_response},
        lifespan=_lifespan(guard, http, expired),
    )


def _public_routes(
    guard: Guard,
    settings: Settings,
    engine: Engine,
    expired_engine: Engine,
    guide: ASGIApp | None,
) -> list[BaseRoute]:
    """Return the pages, the documents and the authorization server."""
    return [
        *([Mount("/guide", guide)] if guide else ()),
        Route("/", _home_page(settings.origin, settings.client_origin)),
        Route("/health", health),
        metadata_route(guard),
        *create_authorization_server(settings, engine),
        *unusable_tokens_routes(settings, expired_engine),
    ]


def _stores(
    stored: PersistentSecrets, redis: str | None, clock: Callable[[], float]
) -> tuple[RedisStore | None, DPoP]:
    """Return what processes share through *redis*: introspection results and used proofs."""
    store = RedisStore(redis, key=stored.bytes("store key"), clock=clock) if redis else None
    replays = RedisOnce(redis) if redis else None
    return store, DPoP(nonces=Nonces(stored.bytes("nonce key")), replays=replays)


def _settings(
    stored: PersistentSecrets,
    resource: str,
    client_origin: str,
    *,
    opaque: bool,
    clock: Callable[[], float],
) -> Settings:
    keys = read_key_set(stored.text("signing keys", lambda: serialize_key_set(new_key_set())))
    return Settings(
        resource.removesuffix("/v1"),
        resource,
        keys,
        stored.bytes("form key"),
        client_origin=client_origin,
        opaque=opaque,
        clock=clock,
    )


def _guarded_api(guard: Guard, origin: str, engine: Engine, extra: list[Route]) -> Mount:
    people = People(engine)
    people.seed(_members(origin))
    fastapi = Mount("/fastapi", with_fastapi.create(origin, people))
    routes = [*people_routes(people), *extra, fastapi]
    public = [f"/fastapi{path}" for path in with_fastapi.PUBLIC]
    return Mount("/v1", OAuthGuardMiddleware(Router(routes), guard, public=public))


def _lifespan(
    guard: Guard, http: httpx.AsyncClient, expired_engine: Engine
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await guard.aclose()
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
