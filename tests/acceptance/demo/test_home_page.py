"""The home page: its commands work as printed, in a shell."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo_api import accounts, greeting
from demo_api.greeting import DEFAULT_ORIGIN
from tests.acceptance.demo.authorization_server.harness import Harness, soup

README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")


def shell_output(commands: str) -> str:
    """Return what *commands* print in a shell with our Python first on the PATH and no proxy."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-euc", commands],  # noqa: S607 - the shell of the system, as a person has it
        env=os.environ | {"PATH": path, "no_proxy": "*"},
        check=True,
        capture_output=True,
        timeout=60,
    )
    return done.stdout.decode()


@pytest.mark.needs("curl")
@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param(0, ["401", "resource_metadata="], id="no token"),
        pytest.param(1, ["200 OK", "Nightly ETL"], id="a token"),
    ],
)
async def test_command_of_the_home_page_works_as_printed(
    live_demo: Harness, number: int, expected: list[str]
) -> None:
    """Without a token it prints the challenge, with one the caller."""
    block = soup(await live_demo.http.get("/")).select("pre")[number]
    printed = shell_output(block.get_text())
    assert all(text in printed for text in expected)


async def test_home_page_lists_every_name_and_secret(live_demo: Harness) -> None:
    """They give access to the demo only."""
    text = soup(await live_demo.http.get("/")).get_text()
    people = [(one.login_name, one.password) for one in accounts.RESOURCE_OWNERS]
    services = [(one.login_name, one.password) for one in accounts.SERVICE_ACCOUNTS]
    clients = [(one.client_id, one.client_secret or "") for one in accounts.clients(DEFAULT_ORIGIN)]
    for name, secret in [*people, *services, *clients]:
        assert name in text
        assert secret in text


@pytest.mark.parametrize("command", [greeting.token_command, greeting.call_command])
def test_readme_prints_the_same_command(command: object) -> None:
    """The command is for the demo's default address."""
    assert callable(command)
    assert command(DEFAULT_ORIGIN) in README
