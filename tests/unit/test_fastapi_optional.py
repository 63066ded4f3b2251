"""OptionalCaller and requires(optional=True) admit callers without a token to FastAPI routes."""

from typing import Annotated

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from oauth_guard import ConfigurationError, Identity
from oauth_guard.fastapi import OptionalCaller, requires
from tests.acceptance.standards.api import Api
from tests.acceptance.standards.recorded_response import body, http, run


def _optional_app() -> FastAPI:
    app = FastAPI()

    @app.get("/me")
    async def me(caller: OptionalCaller) -> str | None:
        return None if caller is None else caller.subject

    @app.get("/notes")
    async def notes(caller: Annotated[Identity | None, requires("read", optional=True)]) -> str:
        return "public notes" if caller is None else "all notes"

    @app.get("/mixed", dependencies=[requires("write")])
    async def mixed(caller: OptionalCaller) -> str | None:
        return None if caller is None else caller.subject

    return app


@pytest.mark.parametrize(
    ("path", "granted", "status", "text"),
    [
        ("/me", None, 200, "null"),
        ("/me", "", 200, '"u1"'),
        ("/notes", None, 200, '"public notes"'),
        ("/notes", "read", 200, '"all notes"'),
        ("/notes", "", 403, None),
        ("/mixed", None, 401, None),
        ("/mixed", "write", 200, '"u1"'),
    ],
)
async def test_optional_caller_is_none_without_a_token(
    path: str, granted: str | None, status: int, text: str | None
) -> None:
    """A token that is sent must satisfy the requirement; a required one beside it applies."""
    api = Api(app=_optional_app(), middleware={"required": False})
    response = await api.get(path, None if granted is None else api.token(scope=granted))
    assert response.status == status
    if text is not None:
        assert response.body.decode() == text


async def test_optional_caller_with_an_invalid_token_is_rejected() -> None:
    """It is not taken for no token."""
    api = Api(app=_optional_app(), middleware={"required": False})
    assert (await api.get("/me", api.token(aud="https://other.test"))).status == 401


async def test_optional_caller_needs_a_middleware_that_serves_callers_without_a_token() -> None:
    """The middleware requires a token by default; on a public path it reads none."""
    api = Api(app=_optional_app())
    assert (await api.get("/me")).status == 401
    api = Api(app=_optional_app(), middleware={"public": ["/me"]})
    assert (await api.get("/me", api.token())).body == b"null"


async def test_optional_route_without_middleware_raises_a_configuration_error() -> None:
    """A missing guard is not a missing token."""
    with pytest.raises(ConfigurationError, match="put OAuthGuardMiddleware around"):
        await run(_optional_app(), http("GET", "/me"), body())


def test_optional_requirement_can_be_replaced_by_dependency_overrides() -> None:
    """It is another key than the same requirement that is not optional."""
    app = _optional_app()
    identity = Identity(issuer="https://issuer.test", subject="u7")
    app.dependency_overrides[requires(optional=True).dependency] = lambda: identity
    assert TestClient(app).get("/me").json() == "u7"
    assert requires(optional=True).dependency != requires().dependency
