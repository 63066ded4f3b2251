"""run_command: `oauth-guard` as a person runs it, with pipes or at a terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

__all__ = ["command", "run_at_terminal", "run_command"]

_ROOT = Path(__file__).parents[2]
_CODE = (
    f"import sys; sys.path[:0] = ['', {str(_ROOT)!r}]; sys.argv[0] = 'oauth-guard'; "
    "from oauth_guard.cli import main; main()"
)


def command(*arguments: str) -> list[str]:
    """Return the command line of a process that runs `oauth-guard` from this checkout."""
    return [sys.executable, "-c", _CODE, *arguments]


def run_command(
    folder: Path, *arguments: str, given: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `oauth-guard` in *folder*, with *given* on standard input and no terminal."""
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
        timeout=60,
    )


def run_at_terminal(
    folder: Path, *arguments: str, prompt: bytes = b"", typed: bytes = b"", **environment: str
) -> tuple[int, str]:
    """Run `oauth-guard` in *folder* at a pseudo-terminal; return its exit code and its output.

    *typed* is typed once the output has *prompt* in it.
    """
    terminal, inner = pty.openpty()
    variables = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", **environment}
    process = subprocess.Popen(
        command(*arguments),
        cwd=folder,
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env=variables,
        start_new_session=True,
    )
    os.close(inner)
    output = b""
    while prompt not in output:
        output += os.read(terminal, 65536)
    os.write(terminal, typed)
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux reports the end of a terminal's other side as an error
            break
        if not part:
            break
        output += part
    os.close(terminal)
    return process.wait(60), output.decode()
