"""IntrospectingApi: an API whose routes introspect the token of each request."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from oauth_guard import (
    ClientSecretBasic,
    IntrospectionIssuer,
    Requirement,
    current_identity,
)
from oauth_guard.fastapi import Caller
from oauth_guard.fastapi import requires as fastapi_requires
from oauth_guard.starlette import requires
from oauth_guard.testing import LocalIssuer
from tests.acceptance.standards.api import ISSUER, RESOURCE, Api, record_identity, signing_keys
from tests.acceptance.standards.recorded_response import RecordedResponse

READ = {"scope": "read"}


def seen(request: Request) -> JSONResponse:
    """Return the scopes of the caller, from each place that has the identity."""
    identities = [record_identity(request), request.auth, current_identity()]
    return JSONResponse([sorted(each.scopes) for each in identities])


def _fastapi() -> FastAPI:
    app = FastAPI()

    @app.get("/it", dependencies=[fastapi_requires("read", introspect=True)])
    async def it(request: Request, caller: Caller) -> Response:
        assert caller is request.user
        return seen(request)

    return app


@requires("read", introspect=True)
async def starlette(request: Request) -> Response:
    """Respond from the event loop."""
    return seen(request)


@requires("read", introspect=True)
def starlette_sync(request: Request) -> Response:
    """Respond from a thread."""
    return seen(request)


ROUTES = [
    Route("/starlette", starlette),
    Route("/sync", starlette_sync, methods=["GET", "POST"]),
    Mount("/fastapi", _fastapi()),
]
PATHS = ["/starlette", "/sync", "/fastapi/it", "/middleware"]


class IntrospectingApi(Api):
    """An `Api` whose issuer supports introspection.

    Args:
        kind: The kind of its tokens, `"jwt"` or `"opaque"`.
        path: The path that `request` uses. At `/middleware` the middleware introspects; at
            each other path of `PATHS` the route does.
        routes: Routes beside those of `PATHS`.
        options: Options of `Guard`.
    """

    def __init__(
        self,
        kind: str = "opaque",
        path: str = "/starlette",
        *,
        routes: Sequence[BaseRoute] = (),
        **options: Any,
    ) -> None:
        everywhere = Requirement.of("read", introspect=True) if path == "/middleware" else None
        key, _ = signing_keys()
        self.authority = local = LocalIssuer(ISSUER, audience=RESOURCE, key=key, clock=self._clock)
        introspecting = IntrospectionIssuer(
            ISSUER,
            client=ClientSecretBasic("api", "secret"),
            http=local.http,
            leeway=0,
            clock=self._clock,
            monotonic=self._clock,
        )
        issuer = self.jwt_issuer(introspection=introspecting) if kind == "jwt" else introspecting
        super().__init__(
            routes=[*routes, *ROUTES, Route("/middleware", seen)],
            guard={"issuers": [issuer], **options},
            middleware={"requires": everywhere},
        )
        self.authority, self.kind, self.path = local, kind, path

    @property
    def introspections(self) -> int:
        """How many introspection requests the authorization server received."""
        return len(self.authority.introspection.requests)

    async def cached_token(self, **claims: Any) -> str:
        """Return a token that was accepted just now, so that its identity is cached."""
        claims = {**READ, "jti": "j1", **claims}
        token = self.token(**claims) if self.kind == "jwt" else "opaque-1"
        self.set_introspection(token, **self.authority.claims(**claims))
        assert (await self.get("/r", token)).status == 200
        return token

    def set_introspection(self, token: str, **members: Any) -> None:
        """Change members of the introspection response for *token*; `None` removes one."""
        responses = self.authority.introspection.responses
        changed = {"active": True, **responses.get(token, {}), **members}
        responses[token] = {name: value for name, value in changed.items() if value is not None}

    async def request(self, token: str | None) -> RecordedResponse:
        """Send a request with *token* to `path`."""
        return await self.get(self.path, token)
