"""The home page: what it tells a person to type works as printed, in a shell."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo_api import cast, greeting
from demo_api.greeting import DEFAULT_ORIGIN
from tests.acceptance.demo.authorization_server.stage import Stage, soup

README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")


def typed(commands: str) -> str:
    """Return what *commands* print in a shell that finds our Python and asks no proxy."""
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
    ("number", "told"),
    [
        pytest.param(0, ["401", "resource_metadata="], id="no token"),
        pytest.param(1, ["200 OK", "Nightly ETL"], id="a token"),
    ],
)
async def test_what_it_says_to_type_works(visit: Stage, number: int, told: list[str]) -> None:
    """Without a token the challenge is shown, and with one who calls."""
    block = soup(await visit.http.get("/")).select("pre")[number]
    printed = typed(block.get_text())
    assert all(words in printed for words in told)


async def test_it_tells_every_name_and_secret(visit: Stage) -> None:
    """They open nothing but the demo."""
    text = soup(await visit.http.get("/")).get_text()
    people = [(one.login_name, one.password) for one in cast.RESOURCE_OWNERS]
    accounts = [(one.login_name, one.password) for one in cast.SERVICE_ACCOUNTS]
    clients = [(one.client_id, one.client_secret or "") for one in cast.clients(DEFAULT_ORIGIN)]
    for name, secret in [*people, *accounts, *clients]:
        assert name in text
        assert secret in text


@pytest.mark.parametrize("command", [greeting.token_command, greeting.call_command])
def test_readme_says_the_same(command: object) -> None:
    """For the demo's usual address."""
    assert callable(command)
    assert command(DEFAULT_ORIGIN) in README
