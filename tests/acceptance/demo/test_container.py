"""The container of the demo: its files are linted and parsed; no container is run."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.needs import PROGRAMS

FOLDER = Path(__file__).parents[3] / "demo_api"
DOCKERFILE, COMPOSE = FOLDER / "Dockerfile", FOLDER / "compose.yaml"


def instructions() -> list[tuple[str, str]]:
    """Return name and arguments of each instruction."""
    found = re.findall(r"^([A-Z]+) (.*)$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)
    return [(str(name), str(arguments)) for name, arguments in found]


def service() -> dict[str, Any]:
    """Return the one service."""
    (found,) = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"].values()
    assert isinstance(found, dict)
    return found


@pytest.mark.needs("node", "dockerfilelint")
def test_linter_finds_nothing_in_the_dockerfile() -> None:
    """With the rules that it has by default."""
    folder = PROGRAMS["dockerfilelint"].find()
    command = [str(PROGRAMS["node"].find()), f"{folder}/bin/dockerfilelint", "-o", "json"]
    result = subprocess.run([*command, DOCKERFILE], capture_output=True, text=True, check=False)
    assert json.loads(result.stdout)["totalIssues"] == 0, result.stdout


def test_image_needs_nothing_from_outside_but_its_base() -> None:
    """Packages are installed from the wheels beside it, and the build has no network."""
    assert [arguments for name, arguments in instructions() if name == "FROM"] == [
        "python:3.13-slim"
    ]
    installs = [arguments for name, arguments in instructions() if "pip install" in arguments]
    assert installs
    assert all("--no-index" in each for each in installs)
    assert not any(name == "ADD" or "://" in arguments for name, arguments in instructions())
    assert service()["build"]["network"] == "none"
    copied = [each.split()[0] for name, each in instructions() if name == "COPY"]
    allowed = (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {each.partition("/")[0] for each in copied} == {
        line[1:] for line in allowed if line.startswith("!")
    }


def test_demo_runs_without_privileges_and_on_loopback() -> None:
    """Its secrets are public: an address that others reach needs the option that says so."""
    names = [name for name, _ in instructions()]
    assert names.index("USER") < names.index("CMD")
    assert ("USER", "demo") in instructions()
    (command,) = [json.loads(arguments) for name, arguments in instructions() if name == "CMD"]
    assert command == ["python", "-m", "demo_api", "--port", "8000"]
    about = service()
    assert about["network_mode"] == "host"
    assert "ports" not in about
    assert about["cap_drop"] == ["ALL"]
    assert about["read_only"] is True


def test_compose_builds_the_dockerfile_of_this_folder() -> None:
    """From the root of the checkout."""
    build = service()["build"]
    assert (FOLDER / build["context"] / build["dockerfile"]).resolve() == DOCKERFILE
