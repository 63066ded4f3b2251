"""started(): the demo as its command starts it, in processes of its own, stopped by Ctrl-C."""

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
_SERVES = re.compile(r"^The demo is at (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Started:
    """A demo that runs, and the files that hold what it says."""

    out: Path
    err: Path

    @property
    def origin(self) -> str:
        """Where it says it is."""
        return _eventually(lambda: _SERVES.search(self.told))[1]

    @property
    def told(self) -> str:
        """What it has said."""
        return self.out.read_text(encoding="utf-8")

    @property
    def complaints(self) -> str:
        """What it has said beside that."""
        return self.err.read_text(encoding="utf-8")


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[Started]:
    """Start the demo on a free port, and see it end well; what it says goes into *folder*."""
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
            assert process.wait(SECONDS) == 0, demo.complaints
        finally:
            process.kill()


def _eventually(look: Callable[[], re.Match[str] | None]) -> re.Match[str]:
    for _ in range(SECONDS * 10):
        if found := look():
            return found
        time.sleep(0.1)
    pytest.fail(f"nothing to be seen after {SECONDS} seconds")
