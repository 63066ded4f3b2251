"""GuardedApi: a guarded application that trusts given issuers, and a client for it."""

from types import TracebackType
from typing import Any, Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from oauth_guard import Guard, OAuthGuardMiddleware, current_identity
from oauth_guard.interfaces import Issuer
from oauth_guard.starlette import requires

RESOURCE = "https://api.test"

_INVALID_TOKEN = 'error="invalid_token"'


@requires("read")
async def caller(_: Request) -> JSONResponse:
    """Return the subject and the client of the caller."""
    identity = current_identity()
    return JSONResponse({"subject": identity.subject, "client": identity.client_id})


class GuardedApi:
    """An application in this process that trusts *issuers*; use it with `async with`."""

    def __init__(self, *issuers: Issuer, resource: str = RESOURCE) -> None:
        self._guard = Guard(resource, issuers)
        app = OAuthGuardMiddleware(Starlette(routes=[Route("/", caller)]), self._guard)
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=resource)

    async def __aenter__(self) -> Self:
        await self._guard.start()
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        await self._client.aclose()
        await self._guard.aclose()

    async def get(self, token: str) -> Any:
        """Return the caller of *token*, or the status and error code of a rejection."""
        response = await self._client.get("/", headers={"authorization": f"Bearer {token}"})
        if response.is_success:
            return response.json()
        challenge = response.headers.get("www-authenticate", "")
        return f"{response.status_code}{' invalid_token' if _INVALID_TOKEN in challenge else ''}"
