"""A row raises on a wrong status, and a raw check on a wrong signature."""

from itertools import repeat

import pytest
from cryptography.exceptions import InvalidSignature

from oauth_guard.testing import LocalIssuer
from tests.tools.benchmarks.measure import Row, called, measure
from tests.tools.benchmarks.request import bearer
from tests.tools.benchmarks.rows import bare_app, check_fetches, row
from tests.tools.benchmarks.signatures import ALGORITHMS, Minted, mint


async def test_wrong_status_stops_the_run() -> None:
    """Its time would have no meaning."""
    wrong = row("a row", bare_app, repeat(bearer("t")), status=401)
    with pytest.raises(RuntimeError, match="a row: the status was 200, not 401"):
        await wrong.call()


async def test_row_is_called_the_stated_number_of_times() -> None:
    """The number of distinct tokens depends on it."""
    calls = []

    async def call() -> None:
        calls.append(1)

    measured = await measure([Row("a", 5, call)], rounds=4)
    assert len(calls) == called(5, rounds=4)
    assert len(measured.busy.rounds) == len(measured.elapsed.rounds) == 4


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_raw_check_verifies_the_signature(algorithm: str) -> None:
    """It accepts the signature of a token, and not that of another."""
    minted = mint(algorithm, rounds=1)
    await minted.raw_row().call()
    forged = Minted(algorithm, minted.issuer, minted.forged())
    with pytest.raises(InvalidSignature):
        await forged.raw_row().call()


def test_too_many_issuer_requests_stop_the_run() -> None:
    """One for the metadata and one for the keys are expected."""
    issuer = LocalIssuer()
    issuer.requests.extend(["metadata", "keys", "keys"])
    with pytest.raises(RuntimeError, match="not 2 requests"):
        check_fetches(issuer)
