"""Each kind of token."""

import pytest


@pytest.fixture(params=["jwt", "opaque"])
def kind(request: pytest.FixtureRequest) -> str:
    """Whether the token is a JWT, or says nothing to us."""
    return str(request.param)
