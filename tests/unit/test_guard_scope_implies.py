"""Guard(scope_implies=): a granted scope satisfies what requires a scope that it implies."""

from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Security
from starlette.routing import Mount, Route

from oauth_guard import ConfigurationError, Guard, Identity, scope
from oauth_guard.fastapi import Caller
from oauth_guard.fastapi import requires as fastapi_requires
from oauth_guard.starlette import requires
from tests.acceptance.standards.api import RESOURCE, Api, handler, plain
from tests.acceptance.standards.outcome import expect

IMPLIED = {"admin": ["files"], "files": ["files:read", "files:write"]}


def _api(**options: Any) -> Api:
    return Api(guard={"scope_implies": IMPLIED}, **options)


def _routes() -> list[Any]:
    either = scope("other") | scope("files:write")
    app = FastAPI()

    @app.get("/r")
    async def read(_: Annotated[Identity, fastapi_requires("files:read")]) -> None: ...

    @app.get("/security")
    async def security(
        _: Annotated[None, Security(_inner, scopes=["files:read"])],
    ) -> None: ...

    return [
        Route("/read", requires("files:read")(handler)),
        Route("/either", requires(either)(handler)),
        Mount("/fastapi", app),
    ]


async def _inner(caller: Caller) -> None: ...


@pytest.mark.conformance("MCP-07")
@pytest.mark.parametrize("path", ["/read", "/either", "/fastapi/r", "/fastapi/security"])
@pytest.mark.parametrize("granted", ["files", "admin", "files:read files:write"])
async def test_route_admits_a_scope_that_implies_the_required_one(path: str, granted: str) -> None:
    """Directly or by way of others; in FastAPI also for the scopes of an enclosing `Security`."""
    api = _api(routes=_routes())
    assert (await api.get(path, api.token(scope=granted))).status == 200


@pytest.mark.conformance("MCP-07", "6750-24")
@pytest.mark.parametrize("path", ["/read", "/fastapi/r", "/fastapi/security"])
async def test_challenge_names_the_scope_that_the_route_requires(path: str) -> None:
    """Not the one that implies it."""
    api = _api(routes=_routes())
    response = await api.get(path, api.token(scope="other"))
    expect(response, "403 insufficient_scope")
    ((_, parameters),) = response.challenges
    assert parameters["scope"] == "files:read"


async def test_identity_has_the_granted_scopes_only() -> None:
    """The application sees what the token says."""
    api = _api(app=plain, middleware={"requires": "files:read"})
    response = await api.get("/r", api.token(scope="admin"))
    assert [identity.scopes for identity in response.seen] == [{"admin"}]


async def test_implied_scope_does_not_grant_the_one_that_implies_it() -> None:
    """All of the implied ones together don't either."""
    api = _api(app=plain, middleware={"requires": "files"})
    token = api.token(scope="files:read files:write")
    expect(await api.get("/r", token), "403 insufficient_scope")


def test_circle_is_rejected_when_the_guard_is_built() -> None:
    """With a sentence that names a scope in it."""
    with pytest.raises(ConfigurationError, match="scope_implies= is circular: 'a' implies itself"):
        Guard(RESOURCE, [Api().jwt_issuer()], scope_implies={"a": ["b"], "b": ["a"]})
