"""started(): runs the demo by its command in its own processes, and stops it by Ctrl-C."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "demo_api"]
SECONDS = 30
_SERVES = re.compile(r"^authorization server are at (\S+)$", re.MULTILINE)
_OPEN = re.compile(r"^Open (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Started:
    """A running demo, with the files that hold its output."""

    out: Path
    err: Path

    @property
    def origin(self) -> str:
        """The origin that it prints."""
        return _wait_for(lambda: _SERVES.search(self.stdout))[1]

    @property
    def client_origin(self) -> str:
        """The origin of the client application that it prints."""
        return _wait_for(lambda: _OPEN.search(self.stdout))[1]

    @property
    def stdout(self) -> str:
        """What it has printed on standard output."""
        return self.out.read_text(encoding="utf-8")

    @property
    def stderr(self) -> str:
        """What it has printed on standard error."""
        return self.err.read_text(encoding="utf-8")


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[Started]:
    """Start the demo on a free port, and check that it ends with 0; its output is in *folder*."""
    demo = Started(folder / "out", folder / "err")
    command = [*COMMAND, "--port", "0", *arguments]
    with (
        demo.out.open("wb") as out,
        demo.err.open("wb") as err,
        subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=err) as process,
    ):
        try:
            yield demo
            process.send_signal(signal.SIGINT)
            assert process.wait(SECONDS) == 0, demo.stderr
        finally:
            process.kill()


def _wait_for(look: Callable[[], re.Match[str] | None]) -> re.Match[str]:
    for _ in range(SECONDS * 10):
        if found := look():
            return found
        time.sleep(0.1)
    pytest.fail(f"no output after {SECONDS} seconds")
