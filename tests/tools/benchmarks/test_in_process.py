"""Each row of the table answers as it must, and its issuer is asked no more than it must be."""

import asyncio

import pytest

from tests.tools.benchmarks.figures import Figure
from tests.tools.benchmarks.in_process import GROUPS, measure_in_process

_TARGETS = {
    "seen": {"token seen before", "token seen before, with public= and requires="},
    "new": {
        "new RS256 token",
        "new ES256 token: beyond raw",
        "new EdDSA token: beyond raw",
        "new PS256 token: beyond raw",
    },
    "refused": {
        "no token → 401",
        "junk → 401: three short words",
        "junk → 401: as an opaque token",
        "junk → 401: as long as a JWT",
        "forged RS256 signature → 401",
        "header of 16 kB: refused",
        "header of 64 kB: refused",
        "header of 1 MB: refused",
        "header of 5 MB: refused",
    },
    "routes": {
        "route decorator requires()",
        "FastAPI dependency Caller",
        "FastAPI dependency requires()",
    },
}


@pytest.fixture(scope="module")
def figures() -> dict[str, list[Figure]]:
    """Return what one round tells; a wrong answer would have raised."""
    return asyncio.run(measure_in_process(GROUPS, rounds=1))


@pytest.mark.parametrize("group", GROUPS)
def test_each_path_has_its_target(figures: dict[str, list[Figure]], group: str) -> None:
    """What the project promises is measured, all of it."""
    assert {each.name for each in figures[group] if each.target} == _TARGETS[group]


async def test_groups_can_be_measured_alone() -> None:
    """What nobody asked for is not even made."""
    assert list(await measure_in_process(["seen"], rounds=1)) == ["seen"]
