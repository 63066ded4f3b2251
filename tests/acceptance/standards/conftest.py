"""The API of the conformance matrix, as its section 2 sets it up."""

import pytest

from tests.acceptance.standards.api import Api


@pytest.fixture
def api() -> Api:
    """Return the API of section 2; build `Api(...)` where a row sets something else."""
    return Api()
