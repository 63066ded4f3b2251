"""A row hears the status that it waits for, or raises; a raw check that fits nothing raises too."""

from itertools import repeat

import pytest
from cryptography.exceptions import InvalidSignature

from oauth_guard.testing import LocalIssuer
from tests.tools.benchmarks.measure import Row, called, measure
from tests.tools.benchmarks.request import bearer
from tests.tools.benchmarks.rows import bare_app, check_fetches, row
from tests.tools.benchmarks.signatures import ALGORITHMS, Minted, mint


async def test_a_wrong_answer_is_not_timed() -> None:
    """The run ends, since a figure for it would mean nothing."""
    wrong = row("a row", bare_app, repeat(bearer("t")), status=401)
    with pytest.raises(RuntimeError, match="a row: the answer was 200, not 401"):
        await wrong.call()


async def test_a_row_is_called_as_often_as_is_told() -> None:
    """So that there are as many tokens as it needs, of which none comes twice."""
    calls = []

    async def call() -> None:
        calls.append(1)

    measured = await measure([Row("a", 5, call)], rounds=4)
    assert len(calls) == called(5, rounds=4)
    assert len(measured.busy.rounds) == len(measured.elapsed.rounds) == 4


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_the_raw_check_is_a_check(algorithm: str) -> None:
    """It takes the signature of a token, and not that of another."""
    minted = mint(algorithm, rounds=1)
    await minted.raw_row().call()
    forged = Minted(algorithm, minted.issuer, minted.forged())
    with pytest.raises(InvalidSignature):
        await forged.raw_row().call()


def test_an_issuer_that_is_asked_too_often_ends_the_run() -> None:
    """Once for its metadata and once for its keys is all."""
    issuer = LocalIssuer()
    issuer.requests.extend(["metadata", "keys", "keys"])
    with pytest.raises(RuntimeError, match="was asked"):
        check_fetches(issuer)
