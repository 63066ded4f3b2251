"""guarded_site: one site in each framework, behind two guards; it runs in its own environment."""

import os
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.testing import LocalIssuer, SigningKey

SHOP, ADMIN = "https://api.test/shop", "https://api.test/admin"
PAGES = {"/admin/secret": "admin", "/static/logo": "public", "/report": "shop"}
# One page with a parameter, in the syntax of each framework; its text is `shop` too.
BRACES, ANGLES, TYPED = "/{name}/profile", "/<name>/profile", "/{name:str}/profile"
local = LocalIssuer(
    "https://login.test",
    key=SigningKey("k1", private=ec.derive_private_key(12345, ec.SECP256R1())),
)


def starlette() -> Any:
    """Return the site of Starlette."""
    from starlette.applications import Starlette  # noqa: PLC0415 - only one framework is used
    from starlette.responses import PlainTextResponse  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415

    def page(text: str) -> Any:
        return lambda _: PlainTextResponse(text)

    pages = {**PAGES, BRACES: "shop"}
    return Starlette(routes=[Route(path, page(text)) for path, text in pages.items()])


def fastapi() -> Any:
    """Return the site of FastAPI."""
    from fastapi import FastAPI  # noqa: PLC0415
    from fastapi.responses import PlainTextResponse  # noqa: PLC0415

    app = FastAPI()
    for path, text in PAGES.items():
        app.get(path, response_class=PlainTextResponse)(_page(text))
    app.get(BRACES, response_class=PlainTextResponse)(_named)
    return app


def quart() -> Any:
    """Return the site of Quart."""
    from quart import Quart  # noqa: PLC0415

    app = Quart("site")
    for path, text in PAGES.items():
        app.get(path, endpoint=text)(_page(text))
    app.get(ANGLES)(_named)
    return app


def litestar() -> Any:
    """Return the site of Litestar."""
    from litestar import Litestar, get  # noqa: PLC0415

    pages = [get(path)(_page(text)) for path, text in PAGES.items()]
    return Litestar([*pages, get(TYPED)(_named)])


def blacksheep() -> Any:
    """Return the site of BlackSheep."""
    from blacksheep import Application, text  # noqa: PLC0415

    app = Application()

    def page(content: str) -> Any:
        async def endpoint() -> Any:
            return text(content)

        return endpoint

    for path, content in PAGES.items():
        app.router.add_get(path, page(content))
    app.router.add_get(BRACES, page("shop"))
    return app


def _page(text: str) -> Any:
    async def endpoint() -> str:
        return text

    return endpoint


async def _named(name: str) -> str:
    del name
    return "shop"


def _guarded(app: Any) -> OAuthGuardMiddleware:
    issuer = JWTIssuer("https://login.test", keys=local.jwks)
    guards = {"/admin": Guard(ADMIN, [issuer]), "/": Guard(SHOP, [issuer])}
    return OAuthGuardMiddleware(app, guards, public=["/static/*"])


if framework := os.environ.get("FRAMEWORK"):
    site = _guarded(globals()[framework]())
