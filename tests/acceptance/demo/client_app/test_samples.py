"""The code samples of a walk: each runs as the page shows it, and prints people."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from bs4 import BeautifulSoup

from tests.acceptance.demo.client_app.visitor import Visitor
from tests.acceptance.demo.sign_in_by_forms import browse
from tests.needs import NODE_PACKAGES, PROGRAMS

SECONDS = 60
INTERPRETERS = {
    ".sh": ["sh", "-eu"],
    ".py": [sys.executable],
    ".mjs": [str(PROGRAMS["node"].find())],
}
NEEDED: dict[str, list[pytest.MarkDecorator]] = {
    "sh": [pytest.mark.needs("curl")],
    "httpx.py": [],
    "authlib.py": [],
    "fetch.mjs": [pytest.mark.needs("node")],
    "oauth4webapi.mjs": [pytest.mark.needs("node", "oauth4webapi")],
}
KINDS = [pytest.param(kind, marks=marks, id=kind) for kind, marks in NEEDED.items()]


def saved(page: httpx.Response, kind: str, folder: Path) -> Path:
    """Save the sample of *page* whose name ends with *kind*; return the file."""
    for sample in BeautifulSoup(page.text, "html.parser").select("details.sample"):
        name, text = (each.get_text() for each in sample.select("code"))
        if name.endswith(kind):
            (folder / name).write_text(text, encoding="utf-8")
            (folder / "node_modules").symlink_to(NODE_PACKAGES / "node_modules")
            return folder / name
    raise AssertionError(f"no sample {kind} on {page.url}")


def started(file: Path) -> subprocess.Popen[str]:
    """Run *file* with our Python first on the PATH and no proxy."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        [*INTERPRETERS[file.suffix], file.name],
        cwd=file.parent,
        env=os.environ | {"PATH": path, "no_proxy": "*"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_sample_of_the_password_flow_prints_people(
    visitor: Visitor, kind: str, tmp_path: Path
) -> None:
    """It is the service account that sees every organisation."""
    page = visitor.press(visitor.open("/"), "Walk the password flow")
    page = visitor.press(page, "Call the API with the token")
    with started(saved(page, kind, tmp_path)) as program:
        printed, errors = program.communicate(timeout=SECONDS)
    assert program.returncode == 0, errors
    assert "Grace Hopper" in printed
    assert "Ada Lovelace" in printed


@pytest.mark.parametrize("kind", KINDS)
def test_sample_of_the_code_flow_prints_people_of_the_owner_who_consents(
    visitor: Visitor, kind: str, tmp_path: Path
) -> None:
    """It prints an address; grace signs in there, and sees the people of Finance."""
    page = visitor.people(visitor.code())
    with started(saved(page, kind, tmp_path)) as program:
        assert program.stdout
        address = program.stdout.readline().removeprefix("Open ").strip()
        if kind == "sh":
            pasted = address_after_consent(address)
        else:
            browse("grace", address)
            pasted = ""
        printed, errors = program.communicate(f"{pasted}\n", timeout=SECONDS)
    assert program.returncode == 0, errors
    assert "Grace Hopper" in printed
    assert "Ada Lovelace" not in printed


def address_after_consent(address: str) -> str:
    """Let grace consent; return the address that the browser then fails to load."""
    with pytest.raises(httpx.ConnectError) as failed:
        browse("grace", address)
    return str(failed.value.request.url)


def test_samples_contain_no_token_and_no_value_of_the_visitor(visitor: Visitor) -> None:
    """They are the same for each visitor of this run."""
    page = visitor.people(visitor.code())
    found = BeautifulSoup(page.text, "html.parser").select("details.sample pre")
    assert len(found) == len(NEEDED)
    assert not any(re.search(r"eyJ|client_session", each.get_text()) for each in found)
