"""run_node(): runs a program of a Node package, and returns its output."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.needs import PROGRAMS

_SECONDS = 60


@dataclass(frozen=True)
class Ended:
    """A process that has ended."""

    status: int
    stdout: str
    stderr: str


def node_command(package: str, script: str, *arguments: str) -> list[str]:
    """Return the command that runs *script* of *package*, a name in the table of programs."""
    node, folder = PROGRAMS["node"].find(), PROGRAMS[package].find()
    return [str(node), str(Path(str(folder)) / script), *arguments]


async def run_node(
    command: list[str],
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Ended:
    """Run *command* with *folder* as its home, and wait for its end, at most 60 seconds.

    *on_line* is called in a thread for each line of its standard output.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=os.environ | {"HOME": str(folder), "NO_COLOR": "1"} | dict(environment or {}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_SECONDS), asyncio.TaskGroup() as reading:
            out = reading.create_task(_read_lines(process.stdout, on_line))
            err = reading.create_task(_read_lines(process.stderr))
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(process.returncode or 0, out.result(), err.result())


async def _read_lines(
    stream: asyncio.StreamReader | None, on_line: Callable[[str], None] | None = None
) -> str:
    assert stream is not None
    lines = []
    async for line in stream:
        lines.append(line.decode())
        if on_line is not None:
            await asyncio.to_thread(on_line, lines[-1])
    return "".join(lines)
