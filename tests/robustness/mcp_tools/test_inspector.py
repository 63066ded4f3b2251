"""The MCP Inspector, in its command-line mode, uses the MCP server of the demo."""

import json
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from demo_api.accounts import SERVICE, SERVICE_ACCOUNTS
from tests.acceptance.demo.command import ROOT
from tests.acceptance.demo.running import running, running_demo
from tests.robustness.mcp_tools.node_tools import Ended, node_command, run_node

pytestmark = [pytest.mark.long, pytest.mark.needs("node", "mcp-inspector")]

ERAS = ["legacy", "modern"]
# It opens pages by the command that the environment variable BROWSER names.
_BROWSER = f"""#!/bin/sh
cd '{ROOT}' && exec '{sys.executable}' -m tests.acceptance.demo.sign_in_by_forms ada "$1"
"""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Yield the origin of a demo that all tests of this file share."""
    with running_demo() as served:
        yield served


@dataclass(frozen=True)
class Inspector:
    """The Inspector for the demo at *origin*, whose stored data is in *home*."""

    origin: str
    home: Path
    era: str

    async def call(self, *arguments: str) -> Ended:
        """Run it once."""
        command = node_command(
            *("mcp-inspector", "clients/launcher/build/index.js", "--cli", f"{self.origin}/mcp"),
            *("--transport", "http", "--protocol-era", self.era, "--format", "json", "--quiet"),
            *("--callback-url", f"http://127.0.0.1:{free_port()}/oauth/callback"),
            *arguments,
        )
        settings = {
            "BROWSER": str(self.home / "browser"),
            "MCP_AUTO_OPEN_ENABLED": "true",
            "MCP_INSPECTOR_SECRET_STORE": "file",
        }
        return await run_node(command, self.home, environment=settings)

    async def call_tool(
        self, name: str, *arguments: str, token: str = "", options: tuple[str, ...] = ()
    ) -> Ended:
        """Call a tool with *arguments* like `number=1`, with *token* or by signing ada in."""
        given = [part for each in arguments for part in ("--tool-arg", each)]
        header = ["--header", f"Authorization: Bearer {token}"] if token else []
        command = ("--method", "tools/call", "--tool-name", name)
        return await self.call(*command, *given, *header, *options)


def free_port() -> int:
    """Return a free port: with port 0, some requests of the Inspector name port 0."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@pytest.fixture(params=ERAS)
def inspector(request: pytest.FixtureRequest, origin: str, tmp_path: Path) -> Inspector:
    """Return an Inspector for the shared demo."""
    return inspector_in(tmp_path, origin, request.param)


def inspector_in(home: Path, origin: str, era: str) -> Inspector:
    """Return an Inspector that knows nothing yet, and has a browser."""
    browser = home / "browser"
    browser.write_text(_BROWSER)
    browser.chmod(0o755)
    return Inspector(origin, home, era)


def token_of_the_service(origin: str, scope: str) -> str:
    """Return a token of the service account for the MCP server."""
    (account,) = SERVICE_ACCOUNTS
    response = httpx.post(
        f"{origin}/v1/auth/oauth2/token",
        auth=(SERVICE.client_id, SERVICE.client_secret or ""),
        data={
            "grant_type": "password",
            "username": account.login_name,
            "password": account.password,
            "scope": scope,
            "resource": f"{origin}/mcp",
        },
        timeout=20,
        trust_env=False,
    )
    return str(response.raise_for_status().json()["access_token"])


async def test_inspector_with_a_token_uses_the_tools(inspector: Inspector, origin: str) -> None:
    """It lists and calls them, and shows which scopes a rejected call requires."""
    token = token_of_the_service(origin, "read")
    header = ("--header", f"Authorization: Bearer {token}")
    listed = await inspector.call("--method", "tools/list", *header)
    names = [each["name"] for each in json.loads(listed.stdout)["result"]["tools"]]
    assert names == ["list_people", "show_person", "add_person", "remove_person"]
    shown = await inspector.call_tool("show_person", "number=1", token=token)
    assert json.loads(shown.stdout)["result"]["structuredContent"]["name"] == "Ada Lovelace"
    rejected = await inspector.call_tool("remove_person", "number=1", token=token)
    assert rejected.status != 0
    assert "read write" in rejected.stderr


@pytest.mark.parametrize("era", ERAS)
async def test_inspector_with_a_metadata_document_needs_no_registration(
    era: str, tmp_path: Path
) -> None:
    """Its client_id is the URL of the document, on a server of this machine that is allowed."""
    document: dict[str, Any] = {
        "client_name": "Inspector",
        "redirect_uris": ["http://127.0.0.1/oauth/callback"],
        "token_endpoint_auth_method": "none",
    }

    async def serve(_: Request) -> JSONResponse:
        return JSONResponse(document)

    with running(lambda _: Starlette(routes=[Route("/client", serve)])) as site:
        document["client_id"] = f"{site}/client"
        with running_demo(client_documents=(site,)) as origin:
            inspector = inspector_in(tmp_path, origin, era)
            called = await inspector.call_tool(
                "list_people", options=("--client-metadata-url", document["client_id"])
            )
    people = json.loads(called.stdout)["result"]["structuredContent"]["result"]
    assert {each["organisation"] for each in people} == {"Engineering"}


async def test_inspector_registers_and_signs_a_person_in(inspector: Inspector) -> None:
    """It goes from the 401 to a tool call by the metadata alone, and reads what its user may."""
    called = await inspector.call_tool("list_people")
    people = json.loads(called.stdout)["result"]["structuredContent"]["result"]
    assert {each["organisation"] for each in people} == {"Engineering"}
