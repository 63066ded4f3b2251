"""fastapi_route(): one FastAPI route, behind a dependency or without one."""

from collections.abc import Callable
from typing import Any

from fastapi import Depends, FastAPI, Response


def fastapi_route(*guards: Callable[..., Any]) -> FastAPI:
    """Return an application with one route that depends on *guards*.

    The route does no work, so that the difference to a rejection is the cost of the guard.
    """
    app = FastAPI()

    @app.get("/", dependencies=[Depends(guard) for guard in guards])
    async def endpoint() -> Response:
        return Response(b"ok")

    return app
