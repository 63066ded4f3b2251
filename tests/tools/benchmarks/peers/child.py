"""One peer in its own process: reads a plan, then commands, and writes each result as JSON.

    python -m tests.tools.benchmarks.peers.child PEER

It runs in the environment of the peers, and the parent runs the rounds of all peers in turn, so
that noise affects all alike.
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


async def run(peer: str, commands: TextIO, responses: TextIO) -> None:
    """Set up the peer, and execute commands until the input ends."""

    async def read() -> Any:
        # In a thread, so that background tasks of the peer continue meanwhile.
        line = await asyncio.to_thread(commands.readline)
        return json.loads(line) if line else None

    def write(value: Any) -> None:
        responses.write(json.dumps(value, default=asdict) + "\n")
        responses.flush()

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
        write(await done[command]())


def main() -> None:
    """Use standard output for results only, and discard formatted logs, as a server would."""
    responses = os.fdopen(os.dup(1), "w")
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        logging.basicConfig(level=logging.WARNING, stream=nowhere)
        asyncio.run(run(sys.argv[1], sys.stdin, responses))


if __name__ == "__main__":
    main()
