"""ResourceServers: the API and the MCP server over the people of one origin, each guarded."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self, TypedDict

import httpx
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route, Router

from demo_api import with_fastapi
from demo_api.guard import SharedStores, create_guard
from demo_api.people import People
from demo_api.people_api import people_routes
from demo_api.people_mcp import MCP, guard_people_mcp, people_mcp
from demo_api.signing_out import LOGOUT
from oauth_guard import Guard, OAuthGuardMiddleware
from oauth_guard.deny_list import DenyList
from oauth_guard.starlette import metadata_route

API = "/v1"


class _GuardOptions(TypedDict):
    """What both guards have in common."""

    opaque: bool
    shared: SharedStores
    http: httpx.AsyncClient
    clock: Callable[[], float]


@dataclass(frozen=True)
class ResourceServers:
    """Two resources of one authorization server, with their guards.

    Attributes:
        origin: The origin of both, and of the authorization server.
        people: Their data.
        api: The guard of the API.
        mcp: The guard of the MCP server.
        mcp_server: The MCP server, without its guard.
        deny_list: The revoked tokens, for both guards.
    """

    origin: str
    people: People
    api: Guard
    mcp: Guard
    mcp_server: Starlette
    deny_list: DenyList

    @classmethod
    def build(  # noqa: PLR0913 - settings, each by keyword
        cls,
        origin: str,
        people: People,
        *,
        opaque: bool,
        shared: SharedStores,
        http: httpx.AsyncClient,
        clock: Callable[[], float],
        one_process: bool,
    ) -> Self:
        """Return both for *people*; sessions of MCP exist in *one_process* only."""
        deny_list = shared.deny_list(clock)
        settings: _GuardOptions = {"opaque": opaque, "shared": shared, "http": http, "clock": clock}
        api, mcp = (
            create_guard(origin, path, deny_list=deny_list, **settings) for path in (API, MCP)
        )
        mcp_server = people_mcp(people, origin, stateless=not one_process)
        return cls(origin, people, api, mcp, mcp_server, deny_list)

    def public_routes(self) -> list[BaseRoute]:
        """Return the route of the MCP server, and those of the metadata of both."""
        guarded = guard_people_mcp(self.mcp_server, self.mcp)
        return [metadata_route(self.api), metadata_route(self.mcp), Route(MCP, guarded)]

    def api_mount(self, extra: Sequence[BaseRoute]) -> Mount:
        """Return the API, with the routes *extra* in it."""
        fastapi = Mount("/fastapi", with_fastapi.create(self.origin, self.people))
        routes = [*people_routes(self.people), *extra, fastapi]
        public = [f"POST {LOGOUT}", *(f"/fastapi{path}" for path in with_fastapi.PUBLIC)]
        return Mount(API, OAuthGuardMiddleware(Router(routes), self.api, public=public))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the sessions of the MCP server, which gets no lifespan as a route; then close."""
        await self.deny_list.load()  # where processes share it, each reads it first
        try:
            async with self.mcp_server.router.lifespan_context(self.mcp_server):
                yield
        finally:
            await self.api.aclose()
            await self.mcp.aclose()
