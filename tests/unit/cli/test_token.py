"""The command `oauth-guard token`, run as a person runs it."""

from pathlib import Path
from subprocess import CompletedProcess

import pytest

from oauth_guard.issuers.development_store import DevelopmentStore
from oauth_guard.jose.jws import parse_jws
from tests.builders.command_line import run_command


def _run(folder: Path, *arguments: str) -> CompletedProcess[str]:
    return run_command(folder, "token", *arguments, XDG_DATA_HOME=str(folder))


def test_token_is_issued_listed_printed_and_revoked(tmp_path: Path) -> None:
    """The list has no tokens; a revoked one is in it no more."""
    options = ("--scope", "orders:read", "--scope", "x", "--subject", "u7", "--hours", "0.5")
    token = _run(tmp_path, *options).stdout.strip()
    claims = parse_jws(token).claims
    assert (claims["scope"], claims["sub"]) == ("orders:read x", "u7")
    assert claims["exp"] - claims["iat"] == 1800
    listed = _run(tmp_path, "list").stdout
    number = claims["jti"]
    assert f"{number}  u7       orders:read x  30 min" in listed
    assert token not in listed
    printed = _run(tmp_path, "print", number).stdout.strip()
    assert dict(parse_jws(printed).claims) == dict(claims)
    assert _run(tmp_path, "revoke", number).returncode == 0
    assert number not in _run(tmp_path, "list").stdout
    store = DevelopmentStore(tmp_path / "oauth-guard" / "development")
    assert not store.is_listed(number)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--hours", "9"], "8 hours"),
        (["--hours", "0"], "8 hours"),
        (["print", "unknown"], "no development token of yours"),
        (["revoke", "unknown"], "no development token of yours"),
    ],
    ids=str,
)
def test_wrong_use_of_token_exits_with_2(tmp_path: Path, arguments: list[str], text: str) -> None:
    """One line on standard error says what is wrong."""
    done = _run(tmp_path, *arguments)
    assert done.returncode == 2
    assert text in done.stderr
    assert not done.stdout
