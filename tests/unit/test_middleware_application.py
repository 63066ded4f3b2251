"""The middleware looks into the application: a root path inside it, and routes without a guard."""

from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.middleware.gzip import GZipMiddleware

from oauth_guard import ConfigurationError, Guard, OAuthGuardMiddleware
from oauth_guard.starlette import requires
from tests.acceptance.standards.api import RESOURCE, Api, plain, recording_identity
from tests.acceptance.standards.outcome import expect


class _Rooted:
    """An application that removes a prefix by itself, as FastAPI does."""

    def __init__(self, root_path: str) -> None:
        self.root_path = root_path

    async def __call__(self, *connection: Any) -> None:
        """Accept every request."""
        await plain(*connection)


@pytest.mark.parametrize("settings", [{"public": ["/health"]}, {"guard": "two"}])
def test_application_with_a_root_path_is_not_guarded_by_path(settings: dict[str, Any]) -> None:
    """It would read other paths than its guard; middleware added inside does not."""
    guard = Api().guard
    guards = {"/a": guard, "/": guard} if settings.pop("guard", None) else guard
    with pytest.raises(ConfigurationError, match="add_middleware"):
        OAuthGuardMiddleware(_Rooted("/api"), guards, **settings)
    OAuthGuardMiddleware(_Rooted("/api"), guard)


@pytest.mark.conformance("ASGI-14")
@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        ("/admin/secret", "401 invalid_token"),
        ("/api/admin/secret", "400 invalid_request"),
        ("/apiadmin/secret", "400 invalid_request"),
        ("/report", "200"),
        ("/api/report", "200"),
    ],
)
async def test_path_is_also_read_with_the_root_path_of_an_inner_application(
    target: str, outcome: str
) -> None:
    """Both readings lead to one guard, or the request is rejected."""
    api = Api()
    admin = Guard(f"{RESOURCE}/admin", [api.jwt_issuer()], clock=lambda: api.now)
    inner = recording_identity(GZipMiddleware(_Rooted("/api")))
    api.application = OAuthGuardMiddleware(inner, {"/admin": admin, "/": api.guard})
    expect(await api.get(target, api.token()), outcome)


@pytest.mark.conformance("ASGI-14")
@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        ("/static/logo", "401 none"),
        ("/static/static/logo", "200 anonymous"),
        ("/report", "401 none"),
    ],
)
async def test_path_is_public_only_if_an_inner_application_reads_it_so(
    target: str, outcome: str
) -> None:
    """`/static` is removed before the inner application looks for its route."""
    api = Api(app=GZipMiddleware(_Rooted("/static")), middleware={"public": ["/static/*"]})
    expect(await api.get(target), outcome)


def _guarded_in_vain(api: Api) -> OAuthGuardMiddleware:
    app = FastAPI()

    @requires("admin")
    @app.get("/r")
    async def endpoint(request: Request) -> None: ...

    return OAuthGuardMiddleware(app, api.guard)


@pytest.mark.conformance("ASGI-15")
async def test_start_up_fails_for_a_route_that_is_decorated_in_vain() -> None:
    """The server then says why, and does not serve."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.startup"}

    await _guarded_in_vain(Api())({"type": "lifespan"}, receive, send)
    assert [each["type"] for each in sent] == ["lifespan.startup.failed"]
    assert "is a route without its @requires(...)" in sent[0]["message"]


@pytest.mark.conformance("ASGI-15")
async def test_each_request_fails_for_a_route_that_is_decorated_in_vain() -> None:
    """For servers without a lifespan."""
    api = Api()
    api.application = _guarded_in_vain(api)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="is a route without its @requires"):
            await api.get("/r", api.token())


@pytest.mark.parametrize(
    ("path", "settings", "warns"),
    [
        ("/.well-known/oauth-protected-resource", {}, True),
        ("/.well-known/oauth-protected-resource", {"metadata": False}, False),
        ("/.well-known/other", {}, False),
    ],
)
async def test_route_that_the_metadata_hides_is_named_in_a_warning(
    path: str, settings: dict[str, Any], warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """When the routes are checked; the warning says how the application's own stays."""
    app = FastAPI()
    app.get(path)(lambda: "of the application")
    api = Api(app=app, guard=settings)
    await api.get("/r", api.token())
    expected = f"{path}: the guard serves its metadata here"
    assert (expected in caplog.text) is warns
