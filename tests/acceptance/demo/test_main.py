"""The command: it serves loopback, says what to type next, and refuses in one line."""

import json
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from demo_api.__main__ import main
from demo_api.cast import credentials_document
from demo_api.serving import is_loopback, origin_of
from tests.acceptance.demo.command import COMMAND, ROOT, SECONDS, started

_ADVICE = (
    *("--i-know-this-is-a-demo", "--port 0", "name another file"),
    *("--database PATH", "--opaque", "redis://127.0.0.1:6379/0"),
)
ANYWHERE = "0.0.0.0"  # noqa: S104 - named, and never bound


def test_it_serves_says_where_and_stops_cleanly(tmp_path: Path) -> None:
    """Port 0 is a real one in what it says, and Ctrl-C is no failure."""
    with started(tmp_path) as demo:
        origin = demo.origin
        answer = httpx.get(f"{origin}/v1/me", timeout=SECONDS, trust_env=False)
    assert answer.status_code == 401
    assert f"-m demo_api.clients --origin {origin}" in demo.told
    assert all(one in demo.told for one in ("engine-no-1843", "etl%:&é-rows", "(public)"))
    assert demo.complaints.count("\n") == 1
    assert "refused with 401: no_credentials" in demo.complaints


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


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--port", port) for port in ("-1", "65536", "x", "")),
        *(("--workers", number) for number in ("-1", "0", "65", "x", "")),
    ],
)
def test_a_number_that_is_none_is_refused(option: str, value: str) -> None:
    """By the usage."""
    with pytest.raises(SystemExit, match="2"):
        main([option, value])


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        pytest.param(["--workers", "2"], "--database PATH", id="workers that share no data"),
        pytest.param(
            ["--redis", "redis://127.0.0.1"], "--opaque", id="nothing to share of signed tokens"
        ),
        pytest.param(
            ["--opaque", "--redis", "nonsense"], "redis://127.0.0.1:6379/0", id="no URL of a server"
        ),
    ],
)
def test_what_does_not_go_together_is_said_in_one_line(
    arguments: list[str], advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to do about it."""
    assert main(["--port", "0", *arguments]) == 2
    assert one_line(capsys) == advice


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


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what the one line of complaint ends with: what to do."""
    told = capsys.readouterr().err
    assert told.startswith("stopped: ")
    assert told.count("\n") == 1
    return next(advice for advice in _ADVICE if advice in told)
