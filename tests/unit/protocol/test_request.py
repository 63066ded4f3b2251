"""ResourceRequest reads an ASGI connection on use, and shows no value of it."""

from typing import Any

import pytest

from oauth_guard.protocol.request import ResourceRequest

_HEADERS = [(b"authorization", b"Bearer abc")]


@pytest.mark.parametrize(
    ("connection", "method", "is_secure", "query"),
    [
        pytest.param(
            {"method": "POST", "scheme": "https", "query_string": b"a=1"},
            "POST",
            True,
            b"a=1",
            id="HTTP over TLS",
        ),
        pytest.param({"method": "GET", "scheme": "http"}, "GET", False, b"", id="plain HTTP"),
        pytest.param({"scheme": "wss"}, "GET", True, b"", id="a handshake over TLS"),
        pytest.param({"scheme": "ws"}, "GET", False, b"", id="a plain handshake"),
        pytest.param({}, "GET", False, b"", id="no scheme is not TLS"),
    ],
)
def test_request_reads_the_connection(
    connection: dict[str, Any], method: str, is_secure: bool, query: bytes
) -> None:
    """A handshake is a GET (RFC 6455 §4.1)."""
    request = ResourceRequest({"headers": _HEADERS, **connection}, b"form")
    assert (request.method, request.is_secure, request.query) == (method, is_secure, query)
    assert (request.headers, request.form, request.credentials) == (_HEADERS, b"form", None)


def test_repr_of_a_request_shows_the_method_alone() -> None:
    """A token may be in any other part."""
    request = ResourceRequest({"headers": _HEADERS, "query_string": b"access_token=abc"})
    assert repr(request) == "<ResourceRequest: GET>"
