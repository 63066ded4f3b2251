"""The SDK's own client goes from 401 to a tool call and steps up, at authorization servers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import OAuthClientInformationFull
from pydantic import AnyUrl

from oauth_guard import Guard, JWTIssuer, current_identity
from oauth_guard.mcp import guarded
from tests.acceptance.demo.authorization_server.harness import Harness
from tests.acceptance.demo.running import running, running_demo
from tests.builders.mcp_server import LEGACY, MODERN
from tests.needs import PROGRAMS
from tests.robustness.foreign_servers.server_process import server_process
from tests.robustness.mcp_tools.sdk_client import CALLBACK, SdkClient

pytestmark = pytest.mark.long

MODES = pytest.mark.parametrize("mode", ["legacy", MODERN], ids=[LEGACY, MODERN])
SOMEBODY = {"name": "Charles Babbage", "title": "Mechanic"}


# By dynamic registration the SDK gets a client for the scope of its first challenge alone, and
# oidc-provider would reject the step-up; so this one is registered by hand.
REGISTERED = OAuthClientInformationFull(
    client_id="sdk",
    redirect_uris=[AnyUrl(CALLBACK)],
    token_endpoint_auth_method="none",
    grant_types=["authorization_code"],
    response_types=["code"],
)


async def agree_at_the_demo(browser: httpx.AsyncClient, url: str) -> str:
    """Sign ada in unless she is, and allow the request."""
    harness = Harness(browser)
    browser.base_url = httpx.URL(url).copy_with(path="/", query=None)
    page = await browser.get(url)
    if "password" in page.text:
        page = await harness.sign_in(page)
    redirect = await harness.submit(page, action="allow")
    return str(redirect.headers["location"])


async def agree_at_oidc_provider(browser: httpx.AsyncClient, url: str) -> str:
    """Follow its redirects, since its people always agree, up to the one to the client."""
    for _ in range(10):
        response = await browser.get(url)
        url = str(httpx.URL(url).join(response.headers["location"]))
        if url.startswith(CALLBACK):
            return url
    raise AssertionError(f"no redirect to the client: {url}")


@MODES
@pytest.mark.conformance("MCP-02", "MCP-03", "MCP-04", "MCP-12")
async def test_client_registers_at_the_demo_calls_a_tool_and_steps_up(mode: Any) -> None:
    """The challenges alone lead it: first `read`, then `write` too when a tool requires it."""
    with running_demo() as origin:
        sdk = SdkClient(f"{origin}/mcp", agree_at_the_demo)
        async with sdk.connected(mode) as client:
            people = await client.call_tool("list_people", {})
            assert {each["organisation"] for each in people.structured_content["result"]} == {
                "Engineering"
            }
            assert sdk.scopes == [{"read"}]
            added = await client.call_tool("add_person", SOMEBODY)
            assert added.structured_content["name"] == SOMEBODY["name"]
            assert sdk.scopes == [{"read"}, {"read", "write"}]


@pytest.fixture
def oidc_provider(tmp_path: Path) -> Iterator[str]:
    """Yield the origin of an oidc-provider that grants `notes` and `notes:write`."""
    script = Path(__file__).with_name("oidc_provider_for_mcp.mjs")
    command: list[str | Path] = [
        str(PROGRAMS["node"].find()),
        script,
        f"{PROGRAMS['oidc-provider'].find()}/",
        REGISTERED.model_dump_json(exclude_none=True),
        "notes notes:write",
    ]
    with server_process(command, tmp_path / "log") as server:
        yield server.origin


class _Notes:
    """The tools of a server whose authorization server is another product."""

    async def whoami(self) -> str:
        """Return the caller."""
        return str(current_identity().subject)

    async def delete(self) -> str:
        """Delete every note."""
        return "deleted"


def notes(origin: str, issuer: str) -> Any:
    """Return a guarded server at *origin* with tokens of *issuer*."""
    server = MCPServer("notes")
    server.tool()(_Notes().whoami)
    server.tool()(_Notes().delete)
    guard = Guard(f"{origin}/mcp", [JWTIssuer(issuer)])
    rules: Any = {"requires": "notes", "tools": {"delete": "notes:write"}}
    return guarded(server.streamable_http_app(), guard, **rules)


@MODES
@pytest.mark.needs("node", "oidc-provider")
@pytest.mark.conformance("MCP-02", "MCP-03", "MCP-04", "MCP-12")
async def test_client_of_oidc_provider_calls_a_tool_and_steps_up(
    oidc_provider: str, mode: Any
) -> None:
    """The token is a JWT for the resource that the client names (RFC 8707)."""
    with running(lambda origin: notes(origin, oidc_provider)) as origin:
        sdk = SdkClient(f"{origin}/mcp", agree_at_oidc_provider)
        sdk.registration = REGISTERED
        async with sdk.connected(mode) as client:
            who = await client.call_tool("whoami", {})
            assert "ada" in str(who.content)
            assert sdk.scopes == [{"notes"}]
            gone = await client.call_tool("delete", {})
            assert "deleted" in str(gone.content)
            assert sdk.scopes[1:] == [{"notes", "notes:write"}]
