"""is_local(): a request of this machine is distinguished from one of a network or a proxy."""

from typing import Any

import pytest

from oauth_guard.protocol.local_request import is_local


def _connection(
    server: Any = ("127.0.0.1", 8000),
    client: Any = ("127.0.0.1", 50000),
    host: str = "localhost:8000",
    *fields: tuple[bytes, bytes],
) -> dict[str, Any]:
    headers = [(b"host", host.encode()), *fields]
    return {"type": "http", "server": server, "client": client, "headers": headers}


@pytest.mark.parametrize(
    ("server", "client", "host"),
    [
        (("127.0.0.1", 8000), ("127.0.0.1", 50000), "127.0.0.1:8000"),
        (["127.0.0.1", "8000"], ["127.9.9.9", "50000"], "localhost"),
        (("::1", 8000), ("::1", 50000), "[::1]:8000"),
        (("localhost", 8000), ("::1", 50000), "LocalHost:8000"),
    ],
)
def test_request_between_loopback_addresses_is_local(server: Any, client: Any, host: str) -> None:
    """As servers write them: pairs or lists, ports as numbers or text, IPv4 and IPv6."""
    assert is_local(_connection(server, client, host))


@pytest.mark.parametrize(
    ("server", "client", "host"),
    [
        (("10.0.0.1", 8000), ("127.0.0.1", 50000), "localhost"),
        (("127.0.0.1", 8000), ("10.0.0.2", 50000), "localhost"),
        (("127.0.0.1", 8000), ("127.0.0.1", 50000), "api.example.com"),
        (("127.0.0.1", 8000), ("127.0.0.1", 50000), "127.0.0.1.example.com"),
        (("127.0.0.1", 8000), ("127.0.0.1", 50000), "localhost.example.com:8000"),
        (("127.0.0.1", 8000), ("127.0.0.1", 50000), ""),
        (("127.0.0.1", 8000), ("127.0.0.1", 50000), "[fe80::1]"),
        (("0.0.0.0", 8000), ("127.0.0.1", 50000), "localhost"),  # noqa: S104 - not bound
        (None, ("127.0.0.1", 50000), "localhost"),
        (("/run/api.sock", None), ("127.0.0.1", 50000), "localhost"),
        (("127.0.0.1", 8000), None, "localhost"),
        (("testserver", 80), ("testclient", 50000), "testserver"),
    ],
)
def test_request_with_another_address_is_not_local(server: Any, client: Any, host: str) -> None:
    """An unknown address is none of loopback."""
    assert not is_local(_connection(server, client, host))


@pytest.mark.parametrize(
    "name",
    ["X-Forwarded-For", "x-forwarded-proto", "Forwarded", "Via", "X-Real-IP", "CF-Connecting-IP"],
)
def test_request_through_a_proxy_is_not_local(name: str) -> None:
    """Whatever the address is that the field has: a client may write it."""
    field = (name.encode(), b"127.0.0.1")
    assert not is_local(_connection(("127.0.0.1", 8000), ("127.0.0.1", 50000), "localhost", field))


def test_request_without_one_host_is_not_local() -> None:
    """Two fields are read differently by different programs."""
    twice = _connection(("127.0.0.1", 1), ("127.0.0.1", 2), "localhost", (b"Host", b"localhost"))
    assert not is_local(twice)
    assert not is_local({**twice, "headers": []})


def test_connection_without_addresses_is_not_local() -> None:
    """ASGI makes both optional."""
    assert not is_local({"type": "websocket", "headers": [(b"host", b"localhost")]})
