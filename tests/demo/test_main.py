"""The command: it serves loopback, says what to type next, and refuses in one line."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from demo_api.__main__ import main
from demo_api.cast import credentials_document
from demo_api.serving import is_loopback, origin_of

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "demo_api"]
SECONDS = 20
SERVES = re.compile(r"^The demo is at (\S+)$", re.MULTILINE)
ANYWHERE = "0.0.0.0"  # noqa: S104 - named, and never bound


def test_it_serves_says_where_and_stops_cleanly(tmp_path: Path) -> None:
    """Port 0 is a real one in what it says, and Ctrl-C is no failure."""
    out, err = tmp_path / "out", tmp_path / "err"
    with (
        out.open("wb") as told,
        err.open("wb") as complaints,
        subprocess.Popen([*COMMAND, "--port", "0"], cwd=ROOT, stdout=told, stderr=complaints) as it,
    ):
        try:
            origin = eventually(lambda: SERVES.search(text_of(out)))[1]
            answer = httpx.get(f"{origin}/v1/me", timeout=SECONDS, trust_env=False)
            it.send_signal(signal.SIGINT)
            assert it.wait(SECONDS) == 0
        finally:
            it.kill()
    assert answer.status_code == 401
    assert f"-m demo_api.clients --origin {origin}" in text_of(out)
    assert all(one in text_of(out) for one in ("engine-no-1843", "etl%:&é-rows", "(public)"))
    assert text_of(err).count("\n") == 1
    assert "refused with 401: no_credentials" in text_of(err)


def test_the_credentials_are_printed_for_scripts() -> None:
    """As one JSON document, whether the demo runs or not."""
    command = [*COMMAND, "credentials", "--json", "--port", "8123"]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60).stdout
    assert json.loads(told) == credentials_document("http://127.0.0.1:8123")


def test_the_credentials_are_printed_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """As a table."""
    assert main(["credentials"]) == 0
    assert "ada           engine-no-1843" in capsys.readouterr().out


@pytest.mark.parametrize("host", [ANYWHERE, "::", "192.0.2.1", "demo.example", ""])
def test_it_binds_loopback_only(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Unless it is told that the secrets are known to everybody."""
    assert main(["--host", host]) == 2
    assert one_line(capsys) == "--i-know-this-is-a-demo"


def test_a_port_in_use_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do about it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--port", str(taken.getsockname()[1])]) == 1
    assert one_line(capsys) == "--port 0"


def test_a_host_that_is_none_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do about it."""
    assert main(["--host", "192.0.2.1", "--i-know-this-is-a-demo"]) == 1
    assert one_line(capsys) == "--port 0"


@pytest.mark.parametrize("name", ["folder-that-is-not/people.db", "text.db"])
def test_a_file_that_holds_no_database_is_said_in_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to do about it."""
    (tmp_path / "text.db").write_text("a letter to a friend\n" * 100, encoding="utf-8")
    assert main(["--port", "0", "--database", str(tmp_path / name)]) == 1
    assert one_line(capsys) == "name another file"


@pytest.mark.parametrize("port", ["-1", "65536", "x", ""])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    """By the usage."""
    with pytest.raises(SystemExit, match="2"):
        main(["--port", port])


@pytest.mark.parametrize(
    ("host", "origin", "loopback"),
    [
        ("127.0.0.1", "http://127.0.0.1:80", True),
        ("127.0.0.2", "http://127.0.0.2:80", True),
        ("localhost", "http://localhost:80", True),
        ("::1", "http://[::1]:80", True),
        (ANYWHERE, "http://127.0.0.1:80", False),
        ("::", "http://[::1]:80", False),
        ("192.0.2.1", "http://192.0.2.1:80", False),
        ("localhost.example", "http://localhost.example:80", False),
    ],
)
def test_a_host_has_an_origin(host: str, origin: str, loopback: bool) -> None:
    """The name to bind is not always one to call, and only loopback is."""
    assert origin_of(host, 80) == origin
    assert is_loopback(host) == loopback


def text_of(file: Path) -> str:
    """Return what a process has written."""
    return file.read_text(encoding="utf-8")


def eventually(look: Callable[[], re.Match[str] | None]) -> re.Match[str]:
    """Return what *look* finds, within a bounded time."""
    for _ in range(SECONDS * 10):
        if found := look():
            return found
        time.sleep(0.1)
    pytest.fail(f"nothing to be seen after {SECONDS} seconds")


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what the one line of complaint ends with: what to do."""
    told = capsys.readouterr().err
    assert told.startswith("stopped: ")
    assert told.count("\n") == 1
    return next(
        advice
        for advice in ("--i-know-this-is-a-demo", "--port 0", "name another file")
        if advice in told
    )
