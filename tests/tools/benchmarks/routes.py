"""Routes: the cost of our decorator and dependencies, compared with each framework's own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import repeat
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, FastAPI
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.authentication import requires as starlette_requires
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import Response

from oauth_guard import Guard, OAuthGuardMiddleware
from oauth_guard.asgi import Application, Connection
from oauth_guard.fastapi import Caller
from oauth_guard.fastapi import requires as dependency
from oauth_guard.starlette import requires
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.tools.benchmarks.figures import Figure, Target
from tests.tools.benchmarks.measure import Round, Row, Timings
from tests.tools.benchmarks.request import Fields, bearer, status_for
from tests.tools.benchmarks.rows import Group, bare_app, check_fetches, guard_for, row
from tests.tools.benchmarks.seen import HeaderBackend

_OK = 200
_DECORATED_CALLS, _FASTAPI_CALLS = 200, 40

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class _Pair:
    """A route with a requirement, and the same route without."""

    requiring: Row
    plain: Row

    def added(self, took: Round) -> float:
        return took[self.requiring.name] - took[self.plain.name]


@asynccontextmanager
async def routes(_rounds: int) -> AsyncIterator[Group]:
    """Return the rows for routes that a token seen before may use."""
    issuer = LocalIssuer(key=SigningKey("k1", "RS256"))
    fields = bearer(issuer.token("read"))
    async with guard_for(issuer) as guard:
        theirs, ours = await _starlette(guard, fields)
        http_bearer, *dependencies = _fastapi(guard, fields)
        pairs = [theirs, ours, http_bearer, *dependencies]

        def figures(timings: Timings) -> list[Figure]:
            check_fetches(issuer)
            return [
                *(
                    Figure(f"{p.requiring.name}: added", timings.median(p.added), "µs")
                    for p in pairs
                ),
                _compared_with(timings, theirs, ours, "× Starlette's"),
                *(_compared_with(timings, http_bearer, p, "× HTTPBearer's") for p in dependencies),
            ]

        yield Group([row for pair in pairs for row in (pair.plain, pair.requiring)], figures)


def _compared_with(timings: Timings, theirs: _Pair, ours: _Pair, unit: str) -> Figure:
    times = timings.median(ours.added) / timings.median(theirs.added)
    return Figure(ours.requiring.name, times, unit, Target(1))


async def _starlette(guard: Guard, fields: Fields) -> list[_Pair]:
    """Return Starlette's decorator and ours, called around the endpoints directly.

    In a whole application the cost of a decorator would be lost in the noise.
    """
    response = Response(b"ok")

    async def endpoint(request: Request) -> Response:  # noqa: ARG001 - a name Starlette wants
        return response

    believed = await _inner(
        lambda app: AuthenticationMiddleware(app, backend=HeaderBackend()), fields
    )
    admitted = await _inner(lambda app: OAuthGuardMiddleware(app, guard), fields)
    return [
        _decorated("Starlette's @requires", starlette_requires("read"), endpoint, believed),
        _decorated("route decorator requires()", requires("read"), endpoint, admitted),
    ]


async def _inner(wrap: Callable[[Application], Application], fields: Fields) -> Connection:
    """Return the connection that an application behind a middleware receives."""
    seen: list[Connection] = []

    async def app(connection: Connection, receive: Any, send: Any) -> None:
        seen.append(connection)
        await bare_app(connection, receive, send)

    await status_for(wrap(app), fields)
    return seen.pop()


def _decorated(
    name: str, decorate: Callable[[Any], Any], endpoint: Endpoint, connection: Connection
) -> _Pair:
    def calling(name: str, endpoint: Endpoint) -> Row:
        async def call() -> None:
            if (await endpoint(Request(connection))).status_code != _OK:
                raise RuntimeError(f"{name}: the status was not {_OK}")

        return Row(name, _DECORATED_CALLS, call)

    return _Pair(calling(name, decorate(endpoint)), calling(f"{name}: without it", endpoint))


def _fastapi(guard: Guard, fields: Fields) -> list[_Pair]:
    """Return FastAPI's `HTTPBearer` without middleware, and our dependency under our middleware."""

    async def plain() -> Response:
        return Response(b"ok")

    async def with_bearer(
        _credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
    ) -> Response:
        return Response(b"ok")

    async def with_caller(_caller: Caller) -> Response:
        return Response(b"ok")

    def serving(endpoint: Any, **settings: Any) -> FastAPI:
        app = FastAPI()
        app.get("/", **settings)(endpoint)
        return app

    def pair(name: str, requiring: Application, without: Application) -> _Pair:
        names = (name, f"{name}: without it")
        return _Pair(
            *(
                row(each, app, repeat(fields), calls=_FASTAPI_CALLS)
                for each, app in zip(names, (requiring, without), strict=True)
            )
        )

    def guarded(name: str, requiring: FastAPI) -> _Pair:
        apps = (OAuthGuardMiddleware(app, guard) for app in (requiring, serving(plain)))
        return pair(f"FastAPI dependency {name}", *apps)

    return [
        pair("FastAPI's HTTPBearer", serving(with_bearer), serving(plain)),
        guarded("Caller", serving(with_caller)),
        guarded("requires()", serving(plain, dependencies=[dependency("read")])),
    ]
