"""Print what the guard costs on this machine, as ratios to the bare application."""

import argparse
import asyncio
import platform
import sys
from importlib.metadata import version

from tests.benchmarks.measure import Result, measure
from tests.benchmarks.rows import build_rows

_FETCHES = 2  # the metadata and the keys, once for the whole run


async def run(rounds: int) -> list[Result]:
    """Measure every row, and hold the issuer's work to what it must be."""
    rows, issuer = build_rows(rounds)
    results = await measure(rows, rounds)
    if len(issuer.requests) != _FETCHES:
        raise RuntimeError(f"the issuer was asked {len(issuer.requests)} times, not {_FETCHES}")
    return results


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="how many rounds (default: 30)")
    rounds = parser.parse_args().rounds
    versions = " ".join(f"{name} {version(name)}" for name in ("cryptography", "pyjwt"))
    print(f"Python {platform.python_version()} {platform.machine()}, {versions}, {rounds} rounds\n")
    print(f"{'median of one call':40} {'µs':>8} {'× bare':>8}")
    for result in asyncio.run(run(rounds)):
        print(f"{result.name:40} {result.seconds * 1e6:8.1f} {result.ratio:8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
