"""Endpoints: Starlette endpoints that call Authlib in a thread, in one transaction each."""

from collections.abc import Callable

from authlib.oauth2 import OAuth2Error
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from demo_api.authorization_server.authorize import Visit
from demo_api.authorization_server.browser_sessions import Browser
from demo_api.authorization_server.client_document import DescribedClient
from demo_api.authorization_server.client_documents import (
    ClientDocumentError,
    ClientDocuments,
    is_client_url,
)
from demo_api.authorization_server.keys import public_keys
from demo_api.authorization_server.metadata import metadata_document, openid_document
from demo_api.authorization_server.pages import error_page
from demo_api.authorization_server.registration_page import registration_page
from demo_api.authorization_server.requests import (
    Parameters,
    RegistrationRequest,
    ServerRequest,
    parse_json_object,
    read_body,
)
from demo_api.authorization_server.server import Server
from demo_api.authorization_server.settings import Settings
from demo_api.authorization_server.userinfo import userinfo
from demo_api.busy_database import SOON, is_busy

#: For public documents, which pages of other origins may read.
_PUBLIC = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
# A page of any origin may be a public client, which must read the token response. It
# authenticates with PKCE and never with a cookie, so CORS grants no ambient authority and needs no
# list of origins. In the preflight, `*` excludes Authorization: a page must hold no secret.
_ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT = _ANY_ORIGIN | {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "600",
}


class Endpoints:
    """The endpoints of one authorization server."""

    def __init__(self, settings: Settings, engine: Engine, documents: ClientDocuments) -> None:
        """Serve with *settings*, the data in *engine* and clients from *documents*."""
        self._settings = settings
        self._engine = engine
        self._documents = documents

    async def metadata(self, _: Request) -> Response:
        """Serve the metadata document (RFC 8414)."""
        return JSONResponse(metadata_document(self._settings), headers=_PUBLIC)

    async def openid_metadata(self, _: Request) -> Response:
        """Serve the document of OpenID Connect Discovery."""
        return JSONResponse(openid_document(self._settings), headers=_PUBLIC)

    async def userinfo(self, request: Request) -> Response:
        """Serve the claims about a person (OpenID Connect Core §5.3)."""
        return await self._in_transaction(lambda server: userinfo(server, request))

    async def jwks(self, _: Request) -> Response:
        """Serve the public keys (RFC 7517)."""
        return JSONResponse(public_keys(self._settings.keys), headers=_PUBLIC)

    async def token(self, request: Request) -> Response:
        """Serve the token endpoint (RFC 6749 §3.2), also to pages of other origins."""
        response = await self._form(request, Server.token_response)
        response.headers.update(_ANY_ORIGIN)
        return response

    async def token_preflight(self, _: Request) -> Response:
        """Allow pages of other origins to use the token endpoint."""
        return Response(status_code=204, headers=_PREFLIGHT)

    async def introspect(self, request: Request) -> Response:
        """Serve introspection (RFC 7662)."""
        return await self._form(request, lambda s, r: s.endpoint_response("introspection", r))

    async def revoke(self, request: Request) -> Response:
        """Serve revocation (RFC 7009)."""
        return await self._form(request, lambda s, r: s.endpoint_response("revocation", r))

    async def register(self, request: Request) -> Response:
        """Serve registration by programs (RFC 7591)."""
        try:
            members = parse_json_object(await read_body(request, "application/json"))
        except OAuth2Error as error:
            return _error_response(error)
        oauth_request = RegistrationRequest(members)
        return await self._in_transaction(
            lambda server: server.registration_response(oauth_request)
        )

    async def authorize(self, request: Request) -> Response:
        """Serve the authorization endpoint (RFC 6749 §3.1) and its pages."""
        try:
            oauth_request = ServerRequest(request, request.scope["query_string"])
            form = Parameters(await read_body(request)).data if request.method == "POST" else None
        except OAuth2Error as error:
            return error_page(error.status_code, error.description)
        try:
            described = await self._described_client(oauth_request)
        except ClientDocumentError as error:
            return error_page(error.status, str(error))
        browser = Browser.of(request)

        def respond(server: Server) -> Response:
            if described is not None:
                server.store_client(described)
            return Visit(server, browser, oauth_request, form).respond()

        return await self._in_transaction(respond, _busy_page)

    async def _described_client(self, request: ServerRequest) -> DescribedClient | None:
        """Return the client of *request* if its identifier is a URL, before any transaction."""
        client_id = request.payload.client_id or ""
        return await self._documents.find(client_id) if is_client_url(client_id) else None

    async def new_client(self, request: Request) -> Response:
        """Serve the page on which a person registers a client."""
        try:
            sent = Parameters(await read_body(request)) if request.method == "POST" else None
        except OAuth2Error as error:
            return error_page(error.status_code, error.description)
        browser = Browser.of(request)
        return await self._in_transaction(
            lambda server: registration_page(server, browser, sent), _busy_page
        )

    async def _form(
        self, request: Request, respond: Callable[[Server, ServerRequest], Response]
    ) -> Response:
        try:
            oauth_request = ServerRequest(request, await read_body(request))
        except OAuth2Error as error:
            return _error_response(error)
        return await self._in_transaction(lambda server: respond(server, oauth_request))

    async def _in_transaction(
        self, respond: Callable[[Server], Response], busy: Callable[[], Response] | None = None
    ) -> Response:
        """Run *respond* in a thread: Authlib, argon2 and SQLite would each block the loop.

        While the database is locked, the response is that of *busy*, by default an OAuth error.
        """

        def run() -> Response:
            with Session(self._engine, expire_on_commit=False) as session, session.begin():
                return respond(Server(self._settings, session))

        try:
            return await run_in_threadpool(run)
        except SQLAlchemyError as error:
            if not is_busy(error):
                raise
        return (busy or _busy_error)()


def _busy_error() -> Response:
    return JSONResponse({"error": "temporarily_unavailable"}, 503, SOON)


def _busy_page() -> Response:
    response = error_page(503, "The server is busy. Please try again in a moment.")
    response.headers.update(SOON)
    return response


def _error_response(error: OAuth2Error) -> Response:
    status, body, headers = error()
    return JSONResponse(body, status, dict(headers))
