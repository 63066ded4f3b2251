"""Print what the guard costs on this machine, as ratios to the bare application."""

import argparse
import asyncio
import platform
import sys
from importlib.metadata import version

from tests.benchmarks.endpoint import Endpoint, running_endpoint
from tests.benchmarks.measure import Result, measure
from tests.benchmarks.opaque import Count, count_calls, opaque_rows
from tests.benchmarks.rows import build_rows

_SHOWN = ("cryptography", "pyjwt", "httpx", "httpx2", "aiohttp", "redis")
_FETCHES = 2  # the metadata and the keys, once for the whole run


async def run(rounds: int) -> list[Result]:
    """Measure every row, and hold the issuer's work to what it must be."""
    rows, issuer = build_rows(rounds)
    results = await measure(rows, rounds)
    if len(issuer.requests) != _FETCHES:
        raise RuntimeError(f"the issuer was asked {len(issuer.requests)} times, not {_FETCHES}")
    return results


async def run_opaque(endpoint: Endpoint, rounds: int) -> tuple[list[Count], list[Result]]:
    """Count what the issuer of opaque tokens is asked, and measure what each request costs."""
    counts = await count_calls(endpoint)
    before = await asyncio.to_thread(lambda: endpoint.calls)
    async with opaque_rows(endpoint) as rows:
        results = await measure(rows, rounds)
    calls = await asyncio.to_thread(lambda: endpoint.calls) - before
    new = sum(row.calls * rounds + 1 for row in rows if row.name.startswith("miss"))
    known = {"hit in this process": 1, "hit in Valkey": 2}
    expected = new + sum(known.get(row.name, 0) for row in rows)
    if calls != expected:
        raise RuntimeError(f"the issuer was asked {calls} times, not {expected}")
    return counts, results


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="how many rounds (default: 30)")
    rounds = parser.parse_args().rounds
    versions = " ".join(f"{name} {version(name)}" for name in _SHOWN)
    print(f"Python {platform.python_version()} {platform.machine()}, {versions}, {rounds} rounds")
    _print("signed tokens", asyncio.run(run(rounds)))
    with running_endpoint() as endpoint:
        counts, results = asyncio.run(run_opaque(endpoint, rounds))
    _print("opaque tokens", results)
    print(f"\n{'how often the issuer is asked':40} {'calls':>8} {'hits':>8}")
    for count in counts:
        print(f"{count.name:40} {count.calls:8} {count.hit_ratio:8.1%}")
    return 0


def _print(title: str, results: list[Result]) -> None:
    print(f"\n{title + ', median of one call':40} {'µs':>8} {'µs busy':>8} {'× bare':>8}")
    for each in results:
        times = f"{each.seconds * 1e6:8.1f} {each.busy_seconds * 1e6:8.1f}"
        print(f"{each.name:40} {times} {each.ratio:8.1f}")


if __name__ == "__main__":
    sys.exit(main())
