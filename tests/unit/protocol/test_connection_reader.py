"""ConnectionReader: what it reads, by the example of a request."""

from typing import Any

import pytest

from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.steps import TRACE


@pytest.mark.parametrize(
    ("name", "connection", "value"),
    [
        ("method", {"method": "POST"}, "POST"),
        ("method", {}, "GET"),
        ("is_secure", {"scheme": "wss"}, True),
        ("is_secure", {}, False),
        ("query", {"query_string": b"a=1"}, b"a=1"),
        ("full_path", {"path": "/a b", "root_path": ""}, b"/a%20b"),
        ("root_path", {"root_path": "/api"}, "/api"),
        ("root_path", {}, ""),
        ("target", {"path": "/a b"}, {"method": "GET", "path": "/a%20b"}),
        ("target", {}, {}),
        ("peer", {"client": ("10.0.0.1", 1)}, "10.0.0.1"),
        ("peer", {"client": None}, None),
        ("client_certificate", {"extensions": {"tls": {"client_cert_chain": ["PEM"]}}}, "PEM"),
        ("client_certificate", {}, None),
        (
            "client_certificate",
            {"extensions": {"tls": {"client_cert_chain": ["PEM"], "client_cert_error": "bad"}}},
            None,
        ),
        ("subprotocols", {"subprotocols": ["a"]}, ["a"]),
        ("subprotocols", {}, ()),
        ("given_trace", {TRACE: 1}, 1),
        ("given_trace", {}, None),
    ],
)
def test_value_is_read_from_the_connection(
    name: str, connection: dict[str, Any], value: object
) -> None:
    """With what counts if the server leaves it out."""
    assert getattr(ResourceRequest({"headers": [], **connection}), name) == value


def test_values_of_a_field_are_found_in_any_case() -> None:
    """Servers write names in lower case, but ASGI does not require them to."""
    headers = [(b"X-A", b"1"), (b"x-b", b"2"), (b"x-a", b"3")]
    assert ResourceRequest({"headers": headers}).values_of(b"x-a") == [b"1", b"3"]
