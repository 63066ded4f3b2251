"""A request is what may decide who sent it, and can't be changed on the way."""

import pytest

from oauth_guard.protocol.request import ResourceRequest


def test_it_can_not_be_changed() -> None:
    """What one step has judged, the next one sees."""
    request = ResourceRequest("GET", ((b"authorization", b"Bearer abc"),))
    with pytest.raises(AttributeError):
        request.method = "POST"  # type: ignore[misc] # tried, to see it refused
    assert request == ResourceRequest("GET", ((b"authorization", b"Bearer abc"),))
