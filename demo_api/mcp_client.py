"""Use the demo's MCP server as a client that knows its URL only:  python -m demo_api.mcp_client."""

import argparse
import asyncio
import sys
import webbrowser
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider, OAuthFlowError
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from demo_api.greeting import DEFAULT_ORIGIN

_SOMEBODY = {"name": "Charles Babbage", "title": "Mechanic"}
_DONE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nClose this page."


class Memory:
    """Keeps the tokens and the registration of the client while it runs."""

    def __init__(self) -> None:
        self._tokens: OAuthToken | None = None
        self._client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """Return the tokens, if there are any."""
        return self._tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep *tokens*."""
        self._tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """Return the registration, if there is one."""
        return self._client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep *client_info*."""
        self._client = client_info


class Browser:
    """Opens the page of an authorization request, and receives the redirect on loopback."""

    def __init__(self) -> None:
        self._targets: asyncio.Queue[str] = asyncio.Queue()

    async def receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request of the browser; any other page than the callback is ignored."""
        target = (await reader.readline()).decode("latin-1").split(" ")[1:2]
        writer.write(_DONE)
        await writer.drain()
        writer.close()
        if target and urlsplit(target[0]).path == "/callback":
            await self._targets.put(target[0])

    async def open(self, url: str) -> None:
        """Show which scope the client requests, and open *url*."""
        scope = parse_qs(urlsplit(url).query)["scope"][0]
        print(f"The client requests: {scope}. Sign in and consent in your browser:\n{url}\n")
        await asyncio.to_thread(webbrowser.open, url)

    async def result(self) -> AuthorizationCodeResult:
        """Wait for the redirect, and return what it carries."""
        sent = parse_qs(urlsplit(await self._targets.get()).query)
        code, state, issuer = (sent.get(name, [""])[0] for name in ("code", "state", "iss"))
        return AuthorizationCodeResult(code=code, state=state, iss=issuer)


async def run(url: str) -> None:
    """List people, then add one, which requires one more scope."""
    browser = Browser()
    async with await asyncio.start_server(browser.receive, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        metadata = OAuthClientMetadata(
            client_name="MCP client of the demo",
            redirect_uris=[AnyUrl(f"http://127.0.0.1:{port}/callback")],
            token_endpoint_auth_method="none",  # noqa: S106 - a name, not a secret
        )
        auth = OAuthClientProvider(url, metadata, Memory(), browser.open, browser.result)
        async with (
            httpx2.AsyncClient(auth=auth, timeout=None, trust_env=False) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            await _use(client)


async def _use(client: Client) -> None:
    people: Any = await client.call_tool("list_people", {})
    names = [each["name"] for each in people.structured_content["result"]]
    print(f"list_people: {len(names)} people, {names[0]} first\n")
    added: Any = await client.call_tool("add_person", _SOMEBODY)
    person = added.structured_content
    print(f"add_person: {person['name']} has number {person['number']}")
    await client.call_tool("remove_person", {"number": person["number"]})
    print(f"remove_person: {person['name']} is removed")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the client; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m demo_api.mcp_client",
        description="Use the MCP server of the demo, and sign in by a browser.",
    )
    parser.add_argument("--origin", default=DEFAULT_ORIGIN, help="origin of the demo (%(default)s)")
    origin = parser.parse_args(arguments).origin.rstrip("/")
    problem = ""
    try:
        asyncio.run(run(f"{origin}/mcp"))
    except* httpx2.TransportError:
        problem = f"no server at {origin}: start the demo with  sh demo_api/run"
    except* OAuthFlowError:
        problem = "the sign-in did not succeed: the page in the browser says why"
    if problem:
        print(f"stopped: {problem}", file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
