"""Api: a guarded application, as its callers and its operator see it."""

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
async def who(_: Request) -> JSONResponse:
    """Tell whom the caller was taken for."""
    identity = current_identity()
    return JSONResponse({"subject": identity.subject, "client": identity.client_id})


class Api:
    """An application in this process that trusts *issuers*; to be used with `async with`."""

    def __init__(self, *issuers: Issuer, resource: str = RESOURCE) -> None:
        self._guard = Guard(resource, issuers)
        app = OAuthGuardMiddleware(Starlette(routes=[Route("/", who)]), self._guard)
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
        """Return whom the bearer of *token* is taken for, or the status and code of a refusal."""
        answer = await self._client.get("/", headers={"authorization": f"Bearer {token}"})
        if answer.is_success:
            return answer.json()
        challenge = answer.headers.get("www-authenticate", "")
        return f"{answer.status_code}{' invalid_token' if _INVALID_TOKEN in challenge else ''}"
