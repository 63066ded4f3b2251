"""A real issuer for each test."""

from collections.abc import Iterator

import pytest

from tests.robustness.load.authority import Authority


@pytest.fixture
def authority() -> Iterator[Authority]:
    """Run an issuer on loopback."""
    with Authority.running() as authority:
        yield authority
