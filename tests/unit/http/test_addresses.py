"""is_public_address: which addresses metadata of an issuer may point to."""

import ipaddress

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
        "2606:2800:21f:cb07:0:5efe:8.8.8.8",
        "1.1.1.1",
        "168.63.129.17",
        "192.0.1.1",
        "223.255.255.255",
        "2001:200::1",
        "2001:4860:4860::8888",
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
        pytest.param("2606:2800:21f:cb07:0:5efe:10.0.0.1", id="private, ISATAP"),
        pytest.param("2606:2800:21f:cb07:200:5efe:10.0.0.1", id="private, ISATAP, unique"),
        pytest.param("2606:2800:21f:cb07::1%eth0", id="public with a zone"),
        pytest.param("192.0.0.192", id="a cloud's metadata service in 192.0.0.0/24"),
        pytest.param("192.0.0.8", id="dummy address"),
        pytest.param("192.0.0.11", id="protocol assignments"),
        pytest.param("::ffff:192.0.0.192", id="protocol assignments, mapped"),
        pytest.param("64:ff9b::c000:c0", id="protocol assignments, NAT64"),
        pytest.param("2002:c000:c0::", id="protocol assignments, 6to4"),
        pytest.param("168.63.129.16", id="a cloud's platform service"),
        pytest.param("192.0.2.1", id="documentation"),
        pytest.param("192.88.99.1", id="6to4 relay"),
        pytest.param("192.31.196.1", id="AS112"),
        pytest.param("192.52.193.1", id="multicast tunnels"),
        pytest.param("192.175.48.1", id="AS112, direct delegation"),
        pytest.param("198.19.255.255", id="benchmarks"),
        pytest.param("198.51.100.1", id="documentation, 198.51.100/24"),
        pytest.param("203.0.113.1", id="documentation, 203.0.113/24"),
        pytest.param("255.255.255.255", id="broadcast"),
        pytest.param("2001:2::1", id="benchmarks, IPv6"),
        pytest.param("2001:db8::1", id="documentation, IPv6"),
        pytest.param("2001:10::1", id="ORCHID"),
        pytest.param("2620:4f:8000::1", id="AS112, IPv6"),
        pytest.param("3fff::1", id="documentation, 3fff::/20"),
        pytest.param("100::1", id="discard"),
        pytest.param("api.example.com", id="a host name"),
        pytest.param("", id="empty"),
    ],
)
def test_local_or_special_address_is_not_public(address: str) -> None:
    """Metadata must not point into our own network."""
    assert not is_public_address(address)


@pytest.mark.parametrize("address", ["192.0.0.192", "192.88.99.1", "3fff::1", "10.0.0.1"])
def test_class_of_an_address_does_not_depend_on_the_version_of_python(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Versions before 3.11.10 class some special-purpose addresses as global."""
    for version in (ipaddress.IPv4Address, ipaddress.IPv6Address):
        monkeypatch.setattr(version, "is_global", True)
        monkeypatch.setattr(version, "is_private", False)
    assert not is_public_address(address)
