"""The command `oauth-guard explain`, run as a person runs it."""

import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oauth_guard.cli.explain import token_in
from oauth_guard.errors import ConfigurationError
from oauth_guard.reasons import Reason
from oauth_guard.trace import STEPS
from tests.builders.command_line import command, run_at_terminal, run_command
from tests.builders.explained_world import SUBJECT, ExplainedWorld, explained_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ExplainedWorld]:
    """Return the configuration of a resource whose issuer runs."""
    with explained_world(tmp_path) as made:
        yield made


def _explain(
    world: ExplainedWorld, token: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return run_command(world.folder, "explain", *arguments, given=f"{token}\n")


def _found(world: ExplainedWorld, token: str, *arguments: str) -> dict[str, Any]:
    done = _explain(world, token, "--json", *arguments)
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if found["accepted"] else 1)
    return found


def test_table_is_plain_in_a_pipe_and_has_no_value_of_a_claim(world: ExplainedWorld) -> None:
    """One line for each step, and one that says what became of the request."""
    done = _explain(world, world.token())
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    head, *rows, last = done.stdout.splitlines()
    assert head.split() == ["step", "outcome", "expected", "found", "time"]
    assert [row.split()[0] for row in rows] == list(STEPS)
    assert [row.split()[1] for row in rows] == [*["passed"] * 5, "not", "passed", "not"]
    assert last == f"accepted: user of {world.server.url}"
    assert SUBJECT not in done.stdout
    assert "\x1b" not in done.stdout


def test_options_describe_the_request(world: ExplainedWorld) -> None:
    """The steps are in the JSON too, with a reason where one rejects."""
    world.configure('[middleware]\n[middleware.rules]\nrules = [["PUT /orders/*", "write"]]\n')
    arguments = ("--method", "put", "--path", "/orders/7?x=1", "-H", "X-Any: 1", "--peer", "::1")
    found = _found(world, world.token("write"), *arguments)
    assert found["accepted"]
    found = _found(world, world.token("write"), *arguments, "--scope", "a", "--scope", "b")
    assert (found["status"], found["reason"]) == (403, Reason.INSUFFICIENT_SCOPE)
    assert found["steps"][-1]["outcome"] == "rejected"
    assert found["steps"][-1]["expected"] == "scope a b"


def test_public_path_has_no_table(world: ExplainedWorld) -> None:
    """No step is taken there."""
    world.configure('[middleware]\npublic = ["/health"]\n')
    done = _explain(world, "junk", "--path", "/health")
    assert done.returncode == 0
    assert done.stdout == "accepted: the path is public, and no token is looked at\n"


@pytest.mark.parametrize("colours", [True, False])
def test_terminal_shows_colours_and_hides_the_token_that_is_typed(
    world: ExplainedWorld, colours: bool
) -> None:
    """`NO_COLOR` turns them off."""
    typed = f"{world.token(exp=1)}\n".encode()
    code, output = _typed(world.folder, typed, {} if colours else {"NO_COLOR": "1"})
    assert code == 1
    assert "expired" in output
    assert "eyJ" not in output
    assert ("\x1b[1;31mrejected" in output) == colours


def _typed(folder: Path, typed: bytes, environment: dict[str, str]) -> tuple[int, str]:
    """Return how `explain` ends and what it writes at a terminal at which *typed* is typed."""
    wide = {"COLUMNS": "200", **environment}
    return run_at_terminal(folder, "explain", prompt=b"token: ", typed=typed, **wide)


def test_end_of_the_input_at_a_terminal_is_no_token(world: ExplainedWorld) -> None:
    """Control-D, without a traceback."""
    code, output = _typed(world.folder, b"\x04", {})
    assert code == 2
    assert "there is no token on standard input." in output


def test_token_as_an_argument_is_accepted_with_a_warning(world: ExplainedWorld) -> None:
    """The warning does not repeat it."""
    token = world.token()
    done = run_command(world.folder, "explain", token)
    assert done.returncode == 0
    assert done.stderr.startswith("warning: shells and process lists remember arguments")
    assert token not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("a.b.c", "a.b.c"),
        (" a.b.c \n\n", "a.b.c"),
        ("Bearer a.b.c", "a.b.c"),
        ("DPoP  a.b.c", "a.b.c"),
        ("authorization: bearer\ta.b.c", "a.b.c"),
        ("bearer-token", "bearer-token"),
        ("two words", "two words"),
    ],
)
def test_header_that_was_copied_whole_is_read(text: str, token: str) -> None:
    """White space around the token is ignored."""
    assert token_in(text) == token


@pytest.mark.parametrize("text", ["", " \n", "Bearer ", "Authorization:"])
def test_text_without_a_token_is_wrong_use(text: str) -> None:
    """Whatever the scheme."""
    with pytest.raises(ConfigurationError, match="no token on standard input"):
        token_in(text)


def test_claims_are_printed_with_an_option_alone(world: ExplainedWorld) -> None:
    """They are read without validation, so those of a rejected token too."""
    token = world.token(exp=1)
    done = _explain(world, token, "--claims")
    assert SUBJECT in done.stdout
    assert "1970-01-01T00:00:01+00:00" in done.stdout
    assert _found(world, token, "--claims")["claims"]["exp"] == 1
    assert SUBJECT not in json.dumps(_found(world, token))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--path", "orders"], "--path is the path of a request"),
        (["--config", "missing.toml"], "missing.toml"),
    ],
)
def test_wrong_use_exits_with_2(tmp_path: Path, arguments: list[str], text: str) -> None:
    """One line on standard error."""
    (tmp_path / "oauth_guard.toml").write_text(
        'resource = "https://a.test"\nissuers = [{ issuer = "https://b.test" }]\n'
    )
    done = run_command(tmp_path, "explain", *arguments, given="x")
    assert (done.returncode, done.stdout) == (2, "")
    assert text in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_token_of_100_kb_is_too_long(world: ExplainedWorld) -> None:
    """So are 2 MB, of which the rest is not read."""
    for size in (100_000, 2_000_000):
        found = _found(world, "a" * size)
        assert (found["status"], found["reason"]) == (400, Reason.CREDENTIALS_TOO_LONG)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{} <&-", 2),
        ("printf '\\377\\0\\n' | {}", 1),
        ("set -o pipefail; yes eyJ | head -c 100000 | {} | head -c 0", 141),
    ],
    ids=["closed input", "bytes that are no text", "closed output"],
)
def test_pipes_end_the_command_without_a_traceback(
    world: ExplainedWorld, line: str, code: int
) -> None:
    """Each with its exit code."""
    done = subprocess.run(
        ["bash", "-c", line.format(shlex.join(command("explain")))],  # noqa: S607 - from the system
        cwd=world.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == code
