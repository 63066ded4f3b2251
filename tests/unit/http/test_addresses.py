"""is_public_address: which addresses metadata of an issuer may point to."""

import pytest

from oauth_guard.http.addresses import is_public_address


@pytest.mark.parametrize(
    "address",
    [
        "93.184.215.14",
        "2606:2800:21f:cb07::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    ],
)
def test_internet_address_is_public(address: str) -> None:
    """An issuer may have it."""
    assert is_public_address(address)


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("::1", id="loopback, IPv6"),
        pytest.param("0.0.0.0", id="unspecified"),  # noqa: S104 - refused, not bound
        pytest.param("10.1.2.3", id="private"),
        pytest.param("172.16.0.1", id="private, 172.16/12"),
        pytest.param("192.168.1.1", id="private, 192.168/16"),
        pytest.param("fd00::1", id="private, IPv6"),
        pytest.param("100.64.0.1", id="shared address space of a carrier"),
        pytest.param("169.254.169.254", id="a cloud's metadata service"),
        pytest.param("fe80::1", id="link-local, IPv6"),
        pytest.param("fe80::1%eth0", id="with a zone"),
        pytest.param("224.0.0.1", id="multicast"),
        pytest.param("ff0e::1", id="multicast, IPv6"),
        pytest.param("240.0.0.1", id="reserved"),
        pytest.param("::ffff:127.0.0.1", id="loopback, mapped"),
        pytest.param("::ffff:10.0.0.1", id="private, mapped"),
        pytest.param("2002:7f00:1::", id="loopback, 6to4"),
        pytest.param("64:ff9b::a9fe:a9fe", id="link-local, NAT64"),
        pytest.param("64:ff9b:1::a9fe:a9fe", id="link-local, local-use NAT64"),
        pytest.param("2001:0:7f00:1::", id="loopback, Teredo"),
        pytest.param("::7f00:1", id="loopback, IPv4-compatible"),
        pytest.param("::ffff:0:7f00:1", id="loopback, IPv4-translated"),
        pytest.param("fec0::1", id="site-local"),
        pytest.param("5f00::1", id="segment routing"),
        pytest.param("api.example.com", id="a host name"),
        pytest.param("", id="empty"),
    ],
)
def test_local_or_special_address_is_not_public(address: str) -> None:
    """Metadata must not point into our own network."""
    assert not is_public_address(address)
