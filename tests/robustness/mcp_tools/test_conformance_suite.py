"""The conformance suite of MCP gives a guarded server the verdicts of the same server unguarded."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette

from demo_api.accounts import CLI
from oauth_guard import Guard, JWTIssuer
from oauth_guard.mcp import guarded
from oauth_guard.mcp.guarded import MCPSettings
from oauth_guard.testing import LocalIssuer
from tests.acceptance.demo.running import running, running_demo
from tests.acceptance.demo.sign_in_by_forms import browse
from tests.builders.mcp_server import LEGACY, MODERN
from tests.robustness.mcp_tools.everything_server import everything_server
from tests.robustness.mcp_tools.node_tools import node_command, run_node
from tests.robustness.mcp_tools.token_proxy import token_proxy
from tests.robustness.mcp_tools.verdicts import Verdicts, kept, read_reports

pytestmark = [
    pytest.mark.long,
    pytest.mark.needs("node", "mcp-conformance"),
    # Requests to a client and its log belong to the older revision only.
    pytest.mark.filterwarnings("ignore:The .* is deprecated as of 2026-07-28"),
]

ISSUER = "https://login.example.com"
# Each kind of rule, for something that the suite uses.
RULES: MCPSettings = {
    "requires": "everything",
    "tools": {"test_simple_text": "text", "test_input_required_result_multi_round": "rounds"},
    "resources": {"test://static-text": "text", "test://template/{id}/data": "template"},
    "prompts": {"test_prompt_with_arguments": "text"},
}
SCOPES = ("everything", "text", "rounds", "template")


@contextmanager
def unguarded() -> Iterator[str]:
    """Serve the server as it is; yield its origin."""
    with running(lambda _: everything_server().streamable_http_app()) as origin:
        yield origin


@contextmanager
def behind_the_proxy(*scopes: str) -> Iterator[str]:
    """Serve it guarded, and a proxy that adds a token with *scopes*; yield the proxy's origin.

    The resource is the URL at the proxy, as clients call it.
    """
    with ExitStack() as servers:

        def create(public: str) -> Starlette:
            resource = f"{public}/mcp"
            issuer = LocalIssuer(ISSUER, audience=resource)
            guard = Guard(resource, [JWTIssuer(ISSUER, keys=issuer.jwks)])
            app = guarded(everything_server().streamable_http_app(), guard, **RULES)
            upstream = servers.enter_context(running(lambda _: app))
            return token_proxy(upstream, lambda: issuer.token(*scopes, sub="u1", client_id="suite"))

        yield servers.enter_context(running(create))


def made(folder: Path) -> Path:
    """Make *folder*, and return it."""
    folder.mkdir()
    return folder


async def verdicts_at(origin: str, revision: str, folder: Path) -> Verdicts:
    """Return what the suite says of the server at *origin*, by the requirements of *revision*."""
    reports = folder / "reports"
    command = node_command(
        *("mcp-conformance", "dist/index.js", "server", "--url", f"{origin}/mcp"),
        *("--requirements", revision, "-o", str(reports)),
    )
    ended = await run_node(command, folder)
    verdicts = read_reports(reports)
    assert verdicts, ended.stderr
    return verdicts


@pytest.mark.conformance("MCP-18")
@pytest.mark.parametrize("revision", [LEGACY, MODERN])
async def test_guarded_server_has_the_verdicts_of_the_unguarded_one(
    revision: str, tmp_path: Path
) -> None:
    """They are those that are kept, and every scored check of the newer revision succeeds."""
    with unguarded() as origin:
        before = await verdicts_at(origin, revision, made(tmp_path / "unguarded"))
    with behind_the_proxy(*SCOPES) as origin:
        after = await verdicts_at(origin, revision, made(tmp_path / "guarded"))
    assert after == before
    assert after == kept(f"server-{revision}", after)


async def test_token_without_the_scope_fails_the_scenario_that_needs_it(tmp_path: Path) -> None:
    """So the verdicts above are those of a guard that decides."""
    with behind_the_proxy("everything") as origin:
        verdicts = await verdicts_at(origin, MODERN, made(tmp_path / "guarded"))
    expected = kept(f"server-{MODERN}", verdicts)
    differing = {name for name in expected if verdicts[name] != expected[name]}
    assert differing == {
        "caching",
        "completion-complete",
        "http-header-validation",
        "tools-call-simple-text",
        "resources-read-text",
        "resources-templates-read",
        "prompts-get-with-args",
        "input-required-result-multi-round",
    }


async def test_authorization_server_of_the_demo_passes_every_scenario(tmp_path: Path) -> None:
    """The suite is a public client, and a person signs in at the address that it prints.

    The token is for the MCP server of the demo (RFC 8707).
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running_demo() as origin:
        command = node_command(
            *("mcp-conformance", "dist/index.js", "authorization", "--url", origin),
            *("--client-id", CLI.client_id, "--resource", f"{origin}/mcp"),
            *("--port", str(port), "-o", str(tmp_path / "reports")),
        )
        ended = await run_node(command, tmp_path, on_line=sign_in)
    verdicts = read_reports(tmp_path / "reports")
    assert verdicts == kept("authorization", verdicts), ended.stdout
    assert all(each.endswith(" SUCCESS") for checks in verdicts.values() for each in checks)


def sign_in(line: str) -> None:
    """Sign a person in if *line* is the address of an authorization request."""
    if "/authorize?" in line:
        browse("ada", line.strip())
