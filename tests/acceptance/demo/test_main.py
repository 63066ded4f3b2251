"""The command: it serves loopback, prints the next steps, and reports each error in one line."""

import json
import socket
import subprocess
from pathlib import Path

import httpx
import jwt
import pytest

from demo_api.__main__ import main
from demo_api.accounts import credentials_document
from demo_api.serving import is_loopback, origin_of
from tests.acceptance.demo.command import COMMAND, ROOT, SECONDS, started

_ADVICE = (
    *("--i-know-this-is-a-demo", "--client-port 0", "--port 0", "name another file"),
    *("leave out --host", "--database PATH", "--opaque", "redis://127.0.0.1:6379/0"),
)
ANYWHERE = "0.0.0.0"  # noqa: S104 - named, and never bound


def test_command_serves_prints_its_origin_and_stops_on_interrupt(tmp_path: Path) -> None:
    """With port 0 it prints the real port; Ctrl-C returns 0."""
    with started(tmp_path) as demo:
        origin = demo.origin
        response = httpx.get(f"{origin}/v1/me", timeout=SECONDS, trust_env=False)
        page = httpx.get(demo.client_origin, timeout=SECONDS, trust_env=False)
    assert "See OAuth happen" in page.text
    assert response.status_code == 401
    assert f"-m demo_api.clients --origin {origin}" in demo.stdout
    assert all(one in demo.stdout for one in ("engine-no-1843", "etl%:&é-rows", "(public)"))
    assert demo.stderr.count("\n") == 1
    assert "with 401: no_credentials" in demo.stderr


def test_credentials_are_printed_as_json() -> None:
    """The demo need not run."""
    command = [*COMMAND, "credentials", "--json", "--port", "8123"]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60).stdout
    assert json.loads(printed) == credentials_document(
        "http://127.0.0.1:8123", "http://127.0.0.1:8124"
    )


def test_credentials_are_printed_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """One line holds name and secret; the longest secret does not touch the next column."""
    assert main(["credentials"]) == 0
    printed = capsys.readouterr().out
    assert "ada           engine-no-1843" in printed
    assert "opaque        opaque-means-introspected  client_credentials" in printed


@pytest.mark.parametrize("host", [ANYWHERE, "::", "192.0.2.1", "demo.example", ""])
def test_host_beyond_loopback_is_rejected(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The option --i-know-this-is-a-demo allows it."""
    assert main(["--host", host]) == 2
    assert one_line(capsys) == "--i-know-this-is-a-demo"


def test_port_in_use_is_reported_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The line says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--port", str(taken.getsockname()[1])]) == 1
    assert one_line(capsys) == "--port 0"


def test_port_of_the_client_application_in_use_is_reported_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The line names the option of that port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["--port", "0", "--client-port", port]) == 1
    assert one_line(capsys) == "--client-port 0"


def test_host_of_another_machine_is_reported_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The line says what to do."""
    assert main(["--host", "192.0.2.1", "--i-know-this-is-a-demo"]) == 1
    assert one_line(capsys) == "--port 0"


@pytest.mark.parametrize("name", ["folder-that-is-not/people.db", "text.db"])
def test_unusable_database_file_is_reported_in_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says what to do."""
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
def test_invalid_number_is_rejected(option: str, value: str) -> None:
    """Argparse prints the usage."""
    with pytest.raises(SystemExit, match="2"):
        main([option, value])


def test_resource_beyond_this_machine_is_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    """The usage says what is accepted."""
    with pytest.raises(SystemExit, match="2"):
        main(["--resource", "http://127.0.0.1:9000", "--resource", "https://api.example.com"])
    assert "http://127.0.0.1:9000, of this machine" in capsys.readouterr().err


def test_documents_of_clients_beyond_this_machine_are_rejected(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They need no option if their host is public, and are not fetched if it is not."""
    with pytest.raises(SystemExit, match="2"):
        main(["--client-documents", "http://10.0.0.1:9000"])
    assert "http://127.0.0.1:9000, of this machine" in capsys.readouterr().err


def test_resources_of_the_command_line_get_tokens(tmp_path: Path) -> None:
    """The option may be repeated, and the resources of the demo stay."""
    named = ["http://127.0.0.1:9000", "http://127.0.0.1:9001/mcp"]
    with started(tmp_path, *(part for url in named for part in ("--resource", url))) as demo:
        client = credentials_document(demo.origin)["clients"]["service"]
        for resource in (*named, f"{demo.origin}/mcp"):
            response = httpx.post(
                f"{demo.origin}/v1/auth/oauth2/token",
                auth=(client["client_id"], client["client_secret"]),
                data={"grant_type": "client_credentials", "resource": resource},
                timeout=SECONDS,
                trust_env=False,
            )
            claims = jwt.decode(
                response.json()["access_token"], options={"verify_signature": False}
            )
            assert claims["aud"] == resource


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        pytest.param(["--workers", "2"], "--database PATH", id="workers that share no data"),
        pytest.param(
            ["--redis", "redis://127.0.0.1"], "--opaque", id="nothing to share of signed tokens"
        ),
        pytest.param(
            [f"--host={ANYWHERE}", "--i-know-this-is-a-demo", "--client-documents=http://[::1]:1"],
            "leave out --host",
            id="documents of this machine for others",
        ),
        pytest.param(
            ["--opaque", "--redis", "nonsense"], "redis://127.0.0.1:6379/0", id="no URL of a server"
        ),
    ],
)
def test_conflicting_options_are_reported_in_one_line(
    arguments: list[str], advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says what to do."""
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
def test_host_maps_to_its_origin(host: str, origin: str, loopback: bool) -> None:
    """An address to bind is not always one to call; only loopback counts as loopback."""
    assert origin_of(host, 80) == origin
    assert is_loopback(host) == loopback


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the advice in the one line on standard error."""
    printed = capsys.readouterr().err
    assert printed.startswith("stopped: ")
    assert printed.count("\n") == 1
    return next(advice for advice in _ADVICE if advice in printed)
