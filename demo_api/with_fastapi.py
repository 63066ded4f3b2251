"""create(): the endpoint /me with FastAPI and its docs page."""

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from demo_api.busy_database import database_response
from demo_api.people import People
from demo_api.schemas import WhoAmI
from oauth_guard.fastapi import Caller, document

SCOPES = {"read": "See who you are and your people", "write": "Add and remove people"}

#: Paths that a browser needs before it has a token, relative to the mount.
PUBLIC = ("/docs", "/docs/oauth2-redirect", "/docs/assets/*", "/openapi.json")


def create(origin: str, people: People) -> FastAPI:
    """Return the application; it must be wrapped in a guard."""
    app = FastAPI(
        title="Who am I?",
        description="Press *Authorize*, sign in and consent; then call /me.",
        docs_url=None,
        redoc_url=None,
    )
    app.add_exception_handler(SQLAlchemyError, database_response)
    document(
        app,
        authorization_url=f"{origin}/v1/auth/oauth2/authorize",
        token_url=f"{origin}/v1/auth/oauth2/token",
        scopes=SCOPES,
    )

    @app.get("/me", tags=["The caller"], summary="Who am I?")
    def me(caller: Caller) -> WhoAmI:
        member = people.member(caller.issuer or "", caller.subject or "")
        return WhoAmI.of(caller, member)

    _add_docs(app)
    return app


def _add_docs(app: FastAPI) -> None:
    """Serve the docs page with local assets: FastAPI's own loads its scripts from a CDN."""
    app.mount("/docs/assets", StaticFiles(packages=[("fastapi_offline", "static")]))

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        here = request.scope["root_path"]
        return get_swagger_ui_html(
            title=app.title,
            openapi_url=f"{here}/openapi.json",
            swagger_js_url=f"{here}/docs/assets/swagger-ui-bundle.js",
            swagger_css_url=f"{here}/docs/assets/swagger-ui.css",
            swagger_favicon_url=f"{here}/docs/assets/favicon.png",
            swagger_ui_parameters={"defaultModelsExpandDepth": -1},
            oauth2_redirect_url=f"{here}/docs/oauth2-redirect",
            init_oauth={
                "clientId": "demo-cli",
                "scopes": "read",
                "usePkceWithAuthorizationCodeGrant": True,
            },
        )

    @app.get("/docs/oauth2-redirect", include_in_schema=False)
    async def oauth2_redirect() -> HTMLResponse:
        return get_swagger_ui_oauth2_redirect_html()
