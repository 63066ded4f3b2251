"""OAuthGuardMiddleware twice: around an application, and around one inside it."""

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.starlette import requires
from oauth_guard.testing import LocalIssuer, challenge, insufficient_scope, missing_token

RESOURCE = "https://api.example.com"


@requires("read")
async def _me(request: Request) -> JSONResponse:
    return JSONResponse(request.user.subject)


def _guard(issuer: LocalIssuer, resource: str = RESOURCE) -> Guard:
    return Guard(resource, [JWTIssuer(issuer.issuer, http=issuer.http)])


def _site(outer: Guard, inner: Guard, **settings: Any) -> OAuthGuardMiddleware:
    """Return a site whose mounted part has a middleware of its own."""
    part = OAuthGuardMiddleware(Starlette(routes=[Route("/me", _me)]), inner)
    return OAuthGuardMiddleware(Starlette(routes=[Mount("/part", part)]), outer, **settings)


async def _get(app: Any, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=RESOURCE) as client:
        return await client.get("/part/me", headers=headers)


async def test_one_guard_twice_serves_and_rejects_as_once() -> None:
    """Added to a site, and to a mounted application as well."""
    issuer = LocalIssuer(audience=RESOURCE)
    guard = _guard(issuer)
    app = _site(guard, guard)
    assert challenge(await _get(app)) == missing_token()
    assert challenge(await _get(app, **issuer.headers())) == insufficient_scope("read")
    assert (await _get(app, **issuer.headers("read"))).json() == "u1"


@pytest.mark.parametrize("audience", [[RESOURCE], ["https://other.example.com"]], ids=str)
async def test_two_guards_of_two_resources_both_validate_the_token(audience: list[str]) -> None:
    """A token for one of them passes one alone; a token for both is served."""
    issuer = LocalIssuer(audience=RESOURCE)
    app = _site(_guard(issuer), _guard(issuer, "https://other.example.com"))
    assert (await _get(app, **issuer.headers("read", aud=audience))).status_code == 401
    both = [RESOURCE, "https://other.example.com"]
    assert (await _get(app, **issuer.headers("read", aud=both))).json() == "u1"


async def test_inner_middleware_guards_a_public_path_of_the_outer_one() -> None:
    """The stricter of two decides."""
    issuer = LocalIssuer(audience=RESOURCE)
    guard = _guard(issuer)
    app = _site(guard, guard, public=["/part/*"])
    assert challenge(await _get(app)) == missing_token()
    assert (await _get(app, **issuer.headers("read"))).json() == "u1"


@pytest.mark.parametrize(
    "ends",
    [
        {"server": ("api.example.com", "443"), "client": ("10.0.0.1", "50000")},
        {"server": ["api.example.com", None], "client": ["10.0.0.1", 50000]},
        {"server": None, "client": None},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", [b"Authorization", b"AUTHORIZATION", b"authorization"])
async def test_addresses_and_names_as_servers_write_them_change_no_decision(
    ends: dict[str, Any], name: bytes
) -> None:
    """Ports as text, no port, lists, no addresses; names in any case; no `state`."""
    issuer = LocalIssuer(audience=RESOURCE)
    guard = _guard(issuer)
    inner = _site(guard, guard)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(name if key == b"authorization" else key, v) for key, v in scope["headers"]]
        changed = {**scope, **ends, "headers": headers}
        changed.pop("state", None)
        changed.pop("extensions", None)
        await inner(changed, receive, send)

    assert (await _get(app, **issuer.headers("read"))).json() == "u1"
    assert challenge(await _get(app)) == missing_token()
