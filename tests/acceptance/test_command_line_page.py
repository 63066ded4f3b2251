"""The pages about the command line describe every command, and show what the commands print."""

import re
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from oauth_guard.cli import app
from oauth_guard.testing import LocalIssuer
from tests.acceptance.documents import ROOT, Command, blocks_of, commands_of
from tests.builders.command_line import run_command
from tests.builders.issuer_server import IssuerServer, issuer_server

COMMAND_LINE, ROUTES = ROOT / "docs" / "command-line.md", ROOT / "docs" / "routes.md"
PAGE = COMMAND_LINE.read_text(encoding="utf-8")
_METADATA = "/.well-known/oauth-protected-resource"
_TIME, _SKEW = re.compile(r"\d+\.\d ms"), re.compile(r"4[123] s behind")


def test_page_describes_every_command() -> None:
    """In its table."""
    commands = {name for name in app if not name.startswith("-")}
    described = set(re.findall(r"^\| `oauth-guard ([\w-]+)", PAGE, re.MULTILINE))
    assert described == commands


def _sample(page: Path, command: str) -> Command:
    """Return the command of *page* that begins so, with the output that is shown."""
    blocks = [block for block in blocks_of(page) if block.text.startswith("$ oauth-guard")]
    samples = [each for block in blocks for each in commands_of(block)]
    (found,) = [each for each in samples if each.text.startswith(f"oauth-guard {command}")]
    return found


def _cells(output: str, server: str = "") -> list[list[str]]:
    """Return the cells of a table and of what follows it, with the addresses of the page."""
    text = output
    if server:
        text = text.replace(f"{server}{_METADATA}/api", f"https://api.example.com{_METADATA}")
        text = text.replace(f"{server}/api", "https://api.example.com")
        text = text.replace(server, "https://login.example.com")
    lines = _SKEW.sub("42 s behind", _TIME.sub("0.1 ms", text)).strip().splitlines()
    return [re.split(r"\s{2,}", line.strip()) for line in lines]


def _write(folder: Path, server: IssuerServer) -> None:
    text = f'resource = "{server.url}/api"\nissuers = [{{ issuer = "{server.url}" }}]\n'
    (folder / "oauth_guard.toml").write_text(text, encoding="utf-8")


def test_output_of_explain_is_that_of_the_page(tmp_path: Path) -> None:
    """For a token without the scope; times differ."""
    sample = _sample(COMMAND_LINE, "explain")
    with issuer_server() as server:
        issuer = LocalIssuer(server.url, audience=f"{server.url}/api")
        server.documents["/jwks"] = {"keys": [key.jwk for key in issuer.keys]}
        _write(tmp_path, server)
        arguments = sample.text.partition(" < ")[0].split()[1:]
        done = run_command(tmp_path, *arguments, given=issuer.token("orders:read"))
        assert (done.returncode, done.stderr) == (1, "")
        assert _cells(done.stdout, server.url) == _cells(sample.output)


def test_output_of_check_is_that_of_the_page(tmp_path: Path) -> None:
    """For an issuer whose clock is ahead."""
    sample = _sample(COMMAND_LINE, "check")
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    until = datetime.now(UTC) + timedelta(days=61, hours=12)
    authority.issue_cert("127.0.0.1", not_after=until).configure_cert(context)
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with issuer_server(context) as server:
        server.skew = 42
        issuer = LocalIssuer(server.url)
        server.documents["/jwks"] = {"keys": [key.jwk for key in issuer.keys]}
        server.documents[f"{_METADATA}/api"] = {"resource": f"{server.url}/api"}
        _write(tmp_path, server)
        done = run_command(tmp_path, *sample.text.split()[1:], SSL_CERT_FILE=str(bundle))
        assert (done.returncode, done.stderr) == (1, "")
        found = _cells(done.stdout, server.url)
    assert found == _cells(sample.output)


def test_output_of_routes_is_that_of_the_page(tmp_path: Path) -> None:
    """For the application at its top."""
    sample = _sample(ROUTES, "routes")
    (tmp_path / "shop").mkdir()
    code = next(block.text for block in blocks_of(ROUTES) if block.language == "python")
    (tmp_path / "shop" / "main.py").write_text(code.partition("for line in")[0], encoding="utf-8")
    done = run_command(tmp_path, *sample.text.split()[1:])
    assert done.returncode == 1
    assert done.stdout + done.stderr == f"{sample.output}\n"


@pytest.mark.parametrize("page", [COMMAND_LINE, ROUTES], ids=["command line", "routes"])
def test_each_sample_is_run(page: Path) -> None:
    """By a test of this file."""
    text = page.read_text(encoding="utf-8")
    found = set(re.findall(r"^\$ oauth-guard (\w+)", text, re.MULTILINE))
    assert found == ({"check", "explain"} if page is COMMAND_LINE else {"routes"})
