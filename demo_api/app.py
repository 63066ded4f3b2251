"""create_app(): the guarded API and the authorization server, side by side on one origin."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, Router

from demo_api import cast, greeting, with_fastapi
from demo_api.authorization_server import create_authorization_server
from demo_api.authorization_server.keys import new_key_set, read_key_set, written
from demo_api.authorization_server.pages import page
from demo_api.authorization_server.settings import Settings
from demo_api.database import open_database
from demo_api.guard import create_guard
from demo_api.kept_secrets import KeptSecrets
from demo_api.people import Member, People
from demo_api.people_api import people_routes
from demo_api.slow_clock import slow_clock_route
from oauth_guard import Guard, OAuthGuardMiddleware
from oauth_guard.starlette import metadata_route
from oauth_guard.stores.redis import RedisStore


def create_app(  # noqa: PLR0913 - settings, each by keyword and with a default
    origin: str,
    engine: Engine,
    *,
    opaque: bool = False,
    redis: str | None = None,
    http: httpx.AsyncClient | None = None,
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """Return the demo as it is served at *origin*, with its data in *engine*.

    The guard fetches the issuer's metadata and keys from *origin*, over the network, as it would
    from any other issuer: when the first token comes, since at start nobody answers there yet.
    Where tokens are *opaque*, it asks there about each, and may share the answers by *redis*.

    Raises:
        ConfigurationError: That is no URL of a Redis server.
    """
    # A proxy that the environment names is for the internet; it could not find us from there.
    http = http or httpx.AsyncClient(trust_env=False)
    kept, an_hour_ago = KeptSecrets(engine), open_database()
    store = RedisStore(redis, key=kept.bytes("store key"), clock=clock) if redis else None
    guard = create_guard(origin, opaque=opaque, store=store, http=http, clock=clock)
    settings = _settings(kept, origin, guard.resource, opaque=opaque, clock=clock)
    open_to_all = [
        Route("/", _home_page(origin)),
        Route("/health", health),
        metadata_route(guard),
        *create_authorization_server(settings, engine),
        slow_clock_route(settings, an_hour_ago),
    ]

    # Two routers, since the first route that fits wins: GET /v1/auth/oauth2/token is a wrong
    # method there (405), and not a path of the API that wants a token (401).
    api = Router([_guarded_api(guard, origin, engine)])
    return Starlette(
        routes=[Mount("", Router(open_to_all, default=api))],
        exception_handlers={HTTPException: error_answer},
        lifespan=_lifespan(guard, http, an_hour_ago),
    )


def _settings(
    kept: KeptSecrets, origin: str, resource: str, *, opaque: bool, clock: Callable[[], float]
) -> Settings:
    keys = read_key_set(kept.text("signing keys", lambda: written(new_key_set())))
    return Settings(origin, resource, keys, kept.bytes("form key"), opaque=opaque, clock=clock)


def _guarded_api(guard: Guard, origin: str, engine: Engine) -> Mount:
    people = People(engine)
    people.seed(_members(origin))
    routes = [*people_routes(people), Mount("/fastapi", with_fastapi.create(origin, people))]
    public = [f"/fastapi{path}" for path in with_fastapi.PUBLIC]
    return Mount("/v1", OAuthGuardMiddleware(Router(routes), guard, public=public))


def _lifespan(
    guard: Guard, http: httpx.AsyncClient, an_hour_ago: Engine
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await guard.aclose()
            await http.aclose()
            an_hour_ago.dispose()

    return lifespan


def _home_page(origin: str) -> Callable[[Request], Awaitable[Response]]:
    async def home_page(_: Request) -> Response:
        return page(
            "home.html",
            owners=cast.RESOURCE_OWNERS,
            accounts=cast.SERVICE_ACCOUNTS,
            clients=cast.clients(origin),
            tour=greeting.tour_command(origin),
            token=greeting.token_command(origin),
            call=greeting.call_command(origin),
            refusal=greeting.refusal_command(origin),
        )

    return home_page


async def health(_: Request) -> Response:
    """Say that the process answers."""
    return JSONResponse({"status": "ok"})


async def error_answer(_: HTTPConnection, error: Exception) -> Response:
    """Answer every error as JSON; the challenge of a refused route stays in the headers."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


def _members(origin: str) -> list[Member]:
    """Return who belongs where. A client that acts for itself is nobody's member."""
    owners = [
        Member(
            issuer=origin,
            subject=owner.subject,
            display_name=owner.display_name,
            organisation=owner.organisation,
        )
        for owner in cast.RESOURCE_OWNERS
    ]
    accounts = [
        Member(
            issuer=origin,
            subject=account.subject,
            display_name=account.display_name,
            sees_everyone=True,
        )
        for account in cast.SERVICE_ACCOUNTS
    ]
    return owners + accounts
