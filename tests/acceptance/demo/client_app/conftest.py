"""The fixtures `walk`, a running demo with its client application, and `visitor`."""

from collections.abc import Iterator

import pytest

from tests.acceptance.demo.client_app.visitor import Visitor, visiting
from tests.acceptance.demo.running import Walk, running_walk


@pytest.fixture(scope="module")
def walk() -> Iterator[Walk]:
    """Yield a demo and its client application, which all tests of one file share."""
    with running_walk() as served:
        yield served


@pytest.fixture
def visitor(walk: Walk) -> Iterator[Visitor]:
    """Yield a person with a new browser."""
    with visiting(walk) as visitor:
        yield visitor
