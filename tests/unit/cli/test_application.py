"""The command `oauth-guard`: help, exit codes and closed pipes."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.builders.command_line import command, run_at_terminal, run_command

COMMANDS = ["check", "config", "routes", "run", "token"]


def test_help_lists_the_commands_and_exit_codes(tmp_path: Path) -> None:
    """Without colours in a pipe."""
    done = run_command(tmp_path, "--help")
    assert done.returncode == 0
    assert "Exit codes: 0" in done.stdout
    assert all(name in done.stdout for name in COMMANDS)
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_says_its_exit_codes(tmp_path: Path, name: str) -> None:
    """Each command has a page of its own, coloured at a terminal."""
    status, output = run_at_terminal(tmp_path, name, "--help")
    assert status == 0
    assert "Exit code" in output
    assert "\x1b[" in output


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["routes"], ["routes", "a:b", "--format", "xml"]], ids=" ".join
)
def test_wrong_use_exits_with_2(tmp_path: Path, arguments: list[str]) -> None:
    """As documented, on standard error."""
    done = run_command(tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_closed_pipe_ends_the_command_without_a_traceback(tmp_path: Path) -> None:
    """As in `oauth-guard ... | head -0`."""
    (tmp_path / "shop.py").write_text("async def app(scope, receive, send): ...\n")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        command("routes", "shop:app", "--json"),
        cwd=tmp_path,
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert done.returncode == 141
    assert b"Traceback" not in done.stderr


def test_interrupt_exits_with_130(tmp_path: Path) -> None:
    """Without a traceback."""
    (tmp_path / "shop.py").write_text("import time\nprint('ready', flush=True)\ntime.sleep(60)\n")
    process = subprocess.Popen(
        command("routes", "shop:app"), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in errors
