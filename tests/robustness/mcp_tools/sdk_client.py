"""SdkClient: the client of the package mcp, which signs a person in by a browser of ours."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

CALLBACK = "http://127.0.0.1:9/callback"

Agree = Callable[[httpx.AsyncClient, str], Awaitable[str]]


class SdkClient:
    """A client for the MCP server at *url*.

    Args:
        url: The endpoint of the server.
        agree: Opens the address of an authorization request in the given browser, acts for the
            person, and returns the address at the client to which the browser is redirected.

    Attributes:
        scopes: The scope of each authorization request.
        tokens: The tokens that the client has.
        registration: How it is registered.
    """

    def __init__(self, url: str, agree: Agree) -> None:
        self.scopes: list[set[str]] = []
        self.tokens: OAuthToken | None = None
        self.registration: OAuthClientInformationFull | None = None
        self._url, self._agree = url, agree
        self._browser = httpx.AsyncClient(timeout=20, trust_env=False)
        self._redirected = ""

    @asynccontextmanager
    async def connected(self, mode: Any) -> AsyncIterator[Client]:
        """Connect with the revision that *mode* names, and yield the package's client."""
        metadata = OAuthClientMetadata(
            client_name="SDK",
            redirect_uris=[AnyUrl(CALLBACK)],
            grant_types=["authorization_code"],
            token_endpoint_auth_method="none",
        )
        provider = OAuthClientProvider(
            self._url, metadata, self, self._redirect, self._callback_result
        )
        async with (
            self._browser,
            httpx2.AsyncClient(auth=provider, timeout=20, trust_env=False) as http,
            Client(streamable_http_client(self._url, http_client=http), mode=mode) as client,
        ):
            yield client

    async def _redirect(self, url: str) -> None:
        self.scopes.append(set(parse_qs(urlsplit(url).query)["scope"][0].split()))
        self._redirected = await self._agree(self._browser, url)

    async def _callback_result(self) -> AuthorizationCodeResult:
        given = {
            name: value[0] for name, value in parse_qs(urlsplit(self._redirected).query).items()
        }
        return AuthorizationCodeResult(
            code=given["code"], state=given["state"], iss=given.get("iss")
        )

    async def get_tokens(self) -> OAuthToken | None:
        """Return the tokens; called by the package, as the methods below."""
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep the tokens."""
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """Return the registration."""
        return self.registration

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep the registration."""
        self.registration = client_info
