"""Authlib's ResourceProtector, with validators as its documentation describes.

It has no integration for ASGI, so a minimal one is around it. Its documentation leaves caching of
the keys to the application: they are imported once.
"""

import json
from typing import Any

import httpx
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import ResourceProtector, TokenValidator
from authlib.oauth2.rfc7662 import IntrospectTokenValidator
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.jwk import KeySet
from starlette.requests import Request
from starlette.responses import Response

from oauth_guard.asgi import Application, Connection, Receive, Send
from tests.tools.benchmarks.peers.guarded import AUDIENCE, ISSUER, Guarded, Issuer
from tests.tools.benchmarks.rows import bare_app


class SignedTokens(JWTBearerTokenValidator):
    """The validator of signed tokens."""

    def __init__(self, keys: KeySet) -> None:
        super().__init__(issuer=ISSUER, resource_server=AUDIENCE)
        self._keys = keys

    def get_jwks(self) -> KeySet:
        """Return the keys, which were imported once."""
        return self._keys


class OpaqueTokens(IntrospectTokenValidator):
    """The validator of opaque tokens; its interface is synchronous, so it blocks the loop."""

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._http = httpx.Client()

    def introspect_token(self, token_string: str) -> Any:
        """Introspect the token, over a persistent connection."""
        form = {"token": token_string, "token_type_hint": "access_token"}
        response = self._http.post(self._endpoint, data=form, auth=("api", "secret"))
        response.raise_for_status()
        return response.json()


class ProtectorMiddleware:
    """Serve the requests that *validator* accepts."""

    def __init__(self, app: Application, validator: TokenValidator) -> None:
        self._app = app
        self._protector = ResourceProtector()
        self._protector.register_token_validator(validator)

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        """Validate the request, or send the response of the error."""
        try:
            request = Request(connection)
            connection["token"] = self._protector.validate_request(None, request)  # type: ignore[no-untyped-call] # missing in the stubs
        except OAuth2Error as error:
            status, body, headers = error()
            await Response(json.dumps(body), status, dict(headers))(connection, receive, send)
        else:
            await self._app(connection, receive, send)


async def build(issuer: Issuer, _keys_live: float | None = None) -> Guarded:
    """Set it up."""
    async with httpx.AsyncClient() as http:
        keys = KeySet.import_key_set((await http.get(issuer.jwks_uri)).json())
    return Guarded(
        ProtectorMiddleware(bare_app, SignedTokens(keys)),
        bare_app,
        opaque=ProtectorMiddleware(bare_app, OpaqueTokens(issuer.introspection)),
    )
