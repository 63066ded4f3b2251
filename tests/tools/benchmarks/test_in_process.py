"""Each row of the table gets the right status, with no more issuer requests than necessary."""

import asyncio

import pytest

from tests.tools.benchmarks.figures import Figure
from tests.tools.benchmarks.in_process import GROUPS, measure_in_process

_TARGETS = {
    "seen": {
        "token seen before",
        "token seen before, over WebSocket",
        "token seen before, with public= and requires=",
        "token seen before, with cors= and no Origin",
        "token seen before, with two guards",
        "one check after the cache: added",
    },
    "bound": {
        "DPoP request, token seen before",
        "Bearer token seen before, at a guard with dpop= and certificates=",
    },
    "new": {
        "new RS256 token",
        "new RS256 token of 16 claims",
        "new ES256 token: beyond raw",
        "new EdDSA token: beyond raw",
        "new PS256 token: beyond raw",
    },
    "rejected": {
        "no token → 401",
        "junk → 401: three short words",
        "junk → 401: as an opaque token",
        "junk → 401: as long as a JWT",
        "forged RS256 signature → 401",
        "header of 16 kB: rejected",
        "header of 64 kB: rejected",
        "header of 1 MB: rejected",
        "header of 5 MB: rejected",
    },
    "routes": {
        "route decorator requires()",
        "FastAPI dependency Caller",
        "FastAPI dependency requires()",
    },
}


@pytest.fixture(scope="module")
def figures() -> dict[str, list[Figure]]:
    """Return the figures of one round; a wrong status would have raised."""
    return asyncio.run(measure_in_process(GROUPS, rounds=1))


@pytest.mark.parametrize("group", GROUPS)
def test_every_path_with_a_target_is_measured(figures: dict[str, list[Figure]], group: str) -> None:
    """The names of the figures are fixed."""
    assert {each.name for each in figures[group] if each.target} == _TARGETS[group]


async def test_only_selected_groups_are_measured() -> None:
    """The rows of the others are not even built."""
    assert list(await measure_in_process(["seen"], rounds=1)) == ["seen"]
