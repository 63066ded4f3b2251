"""fastapi_route(): one FastAPI route, behind a dependency or without one."""

from collections.abc import Callable
from typing import Any

from fastapi import Depends, FastAPI, Response


def fastapi_route(*guards: Callable[..., Any]) -> FastAPI:
    """Return an application with one route that depends on *guards*.

    It answers without work of its own, so that what a refusal takes beyond it is the guard's.
    """
    app = FastAPI()

    @app.get("/", dependencies=[Depends(guard) for guard in guards])
    async def answer() -> Response:
        return Response(b"ok")

    return app
