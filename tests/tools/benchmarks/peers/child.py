"""One peer in a process of its own: reads a plan and then commands, and answers each in JSON.

    python -m tests.tools.benchmarks.peers.child PEER

It runs in the environment of the peers, and the parent leads all peers through their rounds in
turn, so that noise falls on all alike.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

from tests.tools.benchmarks.peers.guarded import Guarded, Issuer
from tests.tools.benchmarks.peers.paths import Plan, build_paths
from tests.tools.benchmarks.peers.stress import Stress
from tests.tools.benchmarks.peers.timing import Timing

Command = Callable[[], Awaitable[Any]]


async def run(peer: str, commands: TextIO, answers: TextIO) -> None:
    """Set the peer up, and do as told until nobody tells any more."""

    async def read() -> Any:
        # In a thread, so that what the peer does in the background goes on meanwhile.
        line = await asyncio.to_thread(commands.readline)
        return json.loads(line) if line else None

    def answer(value: Any) -> None:
        answers.write(json.dumps(value, default=asdict) + "\n")
        answers.flush()

    plan = Plan(**await read())
    issuer = Issuer(plan.origin, plan.introspection)
    build: Callable[..., Awaitable[Guarded]] = import_module(
        f"tests.tools.benchmarks.peers.setups.{peer}"
    ).build
    guarded = await build(issuer)
    timing = Timing(build_paths(guarded, plan))
    stress = Stress(build, guarded, issuer, plan)
    done: dict[str, Command] = {
        "start": timing.warm_up,
        "round": timing.round,
        "crowd": stress.crowd,
        "rate": stress.rate,
        "fetch keys": stress.fetch_keys,
        "outage": stress.outage,
    }
    while (command := await read()) is not None:
        answer(await done[command]())


def main() -> None:
    """Keep standard output for the answers alone, and write logs as a server does, to nowhere."""
    answers = os.fdopen(os.dup(1), "w")
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        logging.basicConfig(level=logging.WARNING, stream=nowhere)
        asyncio.run(run(sys.argv[1], sys.stdin, answers))


if __name__ == "__main__":
    main()
