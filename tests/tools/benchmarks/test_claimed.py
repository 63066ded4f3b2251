"""A DPoP request costs one command of the replay store."""

import pytest

from tests.tools.benchmarks.claimed import measure_claims


@pytest.mark.needs("valkey-server")
def test_proof_is_claimed_by_one_command() -> None:
    """The round trip that a shared replay store adds."""
    (commands,) = measure_claims(requests=10)
    assert commands.value == 1
