"""FreshApi: routes that ask anew behind every door, and a token that is known already."""

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
from tests.acceptance.standards.answer import Answer
from tests.acceptance.standards.api import ISSUER, RESOURCE, Api, see, signing_keys

READ = {"scope": "read"}


def seen(request: Request) -> JSONResponse:
    """Answer with the scopes that each way to the caller knows."""
    identities = [see(request), request.auth, current_identity()]
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
    """Answer from the loop."""
    return seen(request)


@requires("read", introspect=True)
def starlette_sync(request: Request) -> Response:
    """Answer from a thread."""
    return seen(request)


ROUTES = [
    Route("/starlette", starlette),
    Route("/sync", starlette_sync, methods=["GET", "POST"]),
    Mount("/fastapi", _fastapi()),
]
DOORS = ["/starlette", "/sync", "/fastapi/it", "/middleware"]


class FreshApi(Api):
    """An `Api` whose issuer can be asked, with a token that is known already.

    Args:
        kind: Whether tokens are a `"jwt"` or `"opaque"`.
        door: The path that is asked for; at `/middleware` the middleware is what asks anew.
        routes: Routes beside those of all doors.
        options: Options of `Guard`.
    """

    def __init__(
        self,
        kind: str = "opaque",
        door: str = "/starlette",
        *,
        routes: Sequence[BaseRoute] = (),
        **options: Any,
    ) -> None:
        everywhere = Requirement.of("read", introspect=True) if door == "/middleware" else None
        key, _ = signing_keys()
        self.authority = local = LocalIssuer(ISSUER, audience=RESOURCE, key=key, clock=self._clock)
        asked = IntrospectionIssuer(
            ISSUER,
            client=ClientSecretBasic("api", "secret"),
            http=local.http,
            leeway=0,
            clock=self._clock,
            monotonic=self._clock,
        )
        issuer = self.jwt_issuer(introspection=asked) if kind == "jwt" else asked
        super().__init__(
            routes=[*routes, *ROUTES, Route("/middleware", seen)],
            guard={"issuers": [issuer], **options},
            middleware={"requires": everywhere},
        )
        self.authority, self.kind, self.door = local, kind, door

    @property
    def questions(self) -> int:
        """How often the issuer was asked about a token."""
        return len(self.authority.introspection.requests)

    async def known(self, **claims: Any) -> str:
        """Return a token that was let in a moment ago, and is remembered."""
        claims = {**READ, "jti": "j1", **claims}
        token = self.token(**claims) if self.kind == "jwt" else "opaque-1"
        self.says(token, **self.authority.claims(**claims))
        assert (await self.get("/r", token)).status == 200
        return token

    def says(self, token: str, **members: Any) -> None:
        """Change what the issuer says about *token*; `None` leaves a member out."""
        said = {"active": True, **self.authority.introspection.answers.get(token, {}), **members}
        kept = {name: value for name, value in said.items() if value is not None}
        self.authority.introspection.answers[token] = kept

    async def ask(self, token: str | None) -> Answer:
        """Go through the door."""
        return await self.get(self.door, token)
