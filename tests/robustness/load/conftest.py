"""An authorization server on loopback for each test."""

from collections.abc import Iterator

import pytest

from tests.robustness.load.loopback_issuer import LoopbackIssuer


@pytest.fixture
def server() -> Iterator[LoopbackIssuer]:
    """Run an authorization server on loopback."""
    with LoopbackIssuer.running() as server:
        yield server
