"""document() completes the OpenAPI document of a FastAPI application."""

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import Mount

from oauth_guard import ConfigurationError
from oauth_guard.fastapi import Caller, document, requires


async def _endpoint() -> None: ...


def _documented_app() -> FastAPI:
    app, router = FastAPI(), APIRouter(dependencies=[requires("read")])
    app.get("/scope", dependencies=[requires("read")])(_endpoint)
    app.get("/caller")(_with_caller)
    app.get("/optional", dependencies=[requires("read", optional=True)])(_endpoint)
    app.get("/role", dependencies=[requires(roles=["ops"])])(_endpoint)
    app.get("/recent", dependencies=[requires(max_age=60, binding="dpop")])(_endpoint)
    app.get("/open")(_endpoint)
    app.get("/own", dependencies=[requires("read")], responses={403: {"description": "Ours"}})(
        _endpoint
    )
    app.get("/hidden", dependencies=[requires("read")], include_in_schema=False)(_endpoint)
    router.get("/included")(_endpoint)
    app.include_router(router, prefix="/v1")
    app.mount("/static", Mount("/", routes=[]))
    return app


async def _with_caller(caller: Caller) -> None: ...


@pytest.mark.parametrize(
    ("path", "statuses", "security"),
    [
        ("/scope", {"401", "403"}, [{"OAuth2": ["read"]}]),
        ("/caller", {"401"}, [{"OAuth2": []}]),
        ("/optional", {"401", "403"}, [{"OAuth2": ["read"]}, {}]),
        ("/role", {"401", "403"}, [{"OAuth2": []}]),
        ("/recent", {"401"}, [{"OAuth2": []}]),
        ("/open", set(), None),
        ("/own", {"401", "403"}, [{"OAuth2": ["read"]}]),
        ("/v1/included", {"401", "403"}, [{"OAuth2": ["read"]}]),
    ],
)
def test_document_lists_the_rejections_of_a_route(
    path: str, statuses: set[str], security: object
) -> None:
    """403 only where a valid token may be rejected; also after a second call, which is cached."""
    app = _documented_app()
    document(app)
    for _ in range(2):
        operation = app.openapi()["paths"][path]["get"]
        assert operation["responses"].keys() - {"200", "422"} == statuses
        assert operation.get("security") == security
    for status in statuses:
        response = operation["responses"][status]
        assert (
            "www-authenticate" in response.get("headers", {}) or response["description"] == "Ours"
        )
    assert "/hidden" not in app.openapi()["paths"]


def test_document_without_a_flow_requires_a_bearer_token() -> None:
    """It adds responses only."""
    document(app := _documented_app())
    schemes = app.openapi()["components"]["securitySchemes"]
    assert schemes == {"OAuth2": {"type": "http", "scheme": "bearer"}}


@pytest.mark.parametrize("missing", ["authorization_url", "token_url", "scopes"])
def test_document_needs_all_parts_of_a_flow(missing: str) -> None:
    """A part of them would leave the docs page without its endpoints."""
    urls = {"authorization_url": "https://as.test/authorize", "token_url": "https://as.test/token"}
    flow: dict[str, Any] = {**urls, "scopes": {}}
    del flow[missing]
    with pytest.raises(ConfigurationError, match="together"):
        document(FastAPI(), **flow)
