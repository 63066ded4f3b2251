"""The API of the conformance matrix, as its section 2 describes it."""

import pytest

from tests.acceptance.standards.api import Api


@pytest.fixture
def api() -> Api:
    """Return the API of section 2; tests with other settings build `Api(...)` themselves."""
    return Api()
