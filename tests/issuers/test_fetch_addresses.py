"""No document sends us into our own network, whatever name or spelling it uses."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.issuers.fetch import Fetcher
from tests.issuers.network import SERVED, SILENT, Internet

ISSUER = "https://as.example.com"
HOSTS = ("as.example.com", "xn--bcher-kva.example")
CONFIGURED = frozenset((host, 443) for host in HOSTS)
PUBLIC, OTHER, PUBLIC_V6 = "93.184.215.14", "198.51.101.7", "2606:2800:21f:cb07::1"
KEYS: Mapping[str, Any] = {"keys": []}


@pytest.fixture
def internet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Internet:
    """Return an Internet with a server that the client trusts, and no proxy."""
    internet = Internet(tmp_path, "keys.example.com", *HOSTS)
    internet.answers["/jwks"] = KEYS
    internet.places = {PUBLIC: SERVED, "127.0.0.1": SERVED}
    internet.become(monkeypatch)
    return internet


def fetch(internet: Internet, url: str = "https://keys.example.com/jwks") -> object:
    """Return the members of what is at *url*, or why there are none."""

    async def work() -> object:
        fetcher = Fetcher(ISSUER, None, CONFIGURED)
        try:
            return (await fetcher.get(url)).members
        except IssuerUnavailable as error:
            return error.reason
        finally:
            await fetcher.aclose()

    return internet.run(work)


@pytest.mark.parametrize(
    ("addresses", "attempts"),
    [
        pytest.param([PUBLIC], [PUBLIC], id="one address"),
        pytest.param([OTHER, PUBLIC], [OTHER, PUBLIC], id="the first refuses"),
        pytest.param([PUBLIC_V6, OTHER, PUBLIC], [PUBLIC_V6, OTHER, PUBLIC], id="two refuse"),
        pytest.param([PUBLIC, OTHER], [PUBLIC], id="the first answers"),
    ],
)
def test_a_name_on_the_internet_is_reached(
    internet: Internet, addresses: Sequence[str], attempts: list[str]
) -> None:
    """At the addresses that it was looked up to, one after the other, under its own name."""
    internet.names["keys.example.com"] = addresses
    assert fetch(internet) == KEYS
    assert internet.attempts == attempts
    assert internet.requests == ["https://keys.example.com/jwks"]


def test_a_silent_address_leaves_time_for_the_next(internet: Internet) -> None:
    """It is given two seconds of the five that a fetch may take."""
    internet.names["keys.example.com"] = [OTHER, PUBLIC]
    internet.places[OTHER] = SILENT
    assert fetch(internet) == KEYS
    assert internet.attempts == [OTHER, PUBLIC]


def test_nobody_anywhere_is_an_outage(internet: Internet) -> None:
    """Each address was tried once."""
    internet.names["keys.example.com"] = [OTHER, PUBLIC_V6]
    assert fetch(internet) == Reason.UNREACHABLE
    assert internet.attempts == [OTHER, PUBLIC_V6]


def test_the_certificate_is_for_the_name(internet: Internet) -> None:
    """Whoever answers at the address must prove to be who was asked for."""
    internet.names["impostor.example.com"] = [PUBLIC]
    assert fetch(internet, "https://impostor.example.com/jwks") == Reason.UNREACHABLE
    assert internet.attempts == [PUBLIC]
    assert internet.requests == []


@pytest.mark.parametrize(
    "host",
    ["as.example.com", "AS.example.com", "bücher.example", "as.example.com:443"],
)
def test_a_configured_host_may_be_anywhere(internet: Internet, host: str) -> None:
    """Whoever configured it knows where it is; its names are compared as DNS does."""
    internet.names |= {name: ["127.0.0.1"] for name in HOSTS}
    assert fetch(internet, f"https://{host}/jwks") == KEYS
    assert internet.attempts == ["127.0.0.1"]


@pytest.mark.parametrize("url", ["https://as.example.com:6379/", "http://as.example.com/"])
def test_a_configured_host_is_trusted_at_its_port_alone(internet: Internet, url: str) -> None:
    """What else listens there, inside our own network, is no issuer's to name."""
    internet.names["as.example.com"] = ["127.0.0.1"]
    assert fetch(internet, url) == Reason.UNREACHABLE
    assert internet.attempts == []


@pytest.mark.parametrize(
    "addresses",
    [
        pytest.param(["127.0.0.1"], id="loopback"),
        pytest.param(["::1"], id="loopback, IPv6"),
        pytest.param(["169.254.169.254"], id="metadata service"),
        pytest.param(["10.0.0.1"], id="private"),
        pytest.param(["fd00::1"], id="private, IPv6"),
        pytest.param(["::ffff:127.0.0.1"], id="mapped"),
        pytest.param([PUBLIC, "127.0.0.1"], id="loopback behind a public one"),
        pytest.param(["10.0.0.1", PUBLIC], id="private before a public one"),
        pytest.param([], id="nowhere"),
    ],
)
def test_a_name_for_our_own_network_is_not_reached(
    internet: Internet, addresses: Sequence[str]
) -> None:
    """Nobody is connected to; one such address spoils them all, since a name is one place."""
    internet.names["keys.example.com"] = addresses
    assert fetch(internet) == Reason.UNREACHABLE
    assert internet.attempts == []


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1"),
        *("017700000001", "0", "0.0.0.0", "169.254.169.254", "2852039166", "0xa9fea9fe"),  # noqa: S104
        *("10.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "127.0.0.1."),
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]"),
        *("[fe80::1]", "[fd00::1]", "[fec0::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
        *(
            "127。0。0。1",
            "①27.0.0.1",
            "%31%32%37.0.0.1",
            "localhost",
            "as.example.com.",
            "metadata",
        ),
    ],
)
def test_no_spelling_of_an_address_leads_there(internet: Internet, host: str) -> None:
    """It is judged after it was looked up, as the operating system reads it."""
    internet.names["localhost"] = ["127.0.0.1"]
    internet.names["metadata"] = ["169.254.169.254"]
    internet.names["as.example.com."] = ["127.0.0.1"]
    assert fetch(internet, f"https://{host}/jwks") == Reason.UNREACHABLE
    assert internet.attempts == []


def test_a_redirect_leads_nowhere(internet: Internet) -> None:
    """Not even to where we might have gone by ourselves."""
    internet.names["keys.example.com"] = [PUBLIC]
    internet.answers["/jwks"] = "https://127.0.0.1/jwks"
    assert fetch(internet) == Reason.BAD_ANSWER
    assert internet.attempts == [PUBLIC]


def test_exceptions_from_a_proxy_are_no_proxy(
    internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`NO_PROXY` alone leaves the choice of addresses with us."""
    monkeypatch.setenv("NO_PROXY", "localhost")
    internet.names["keys.example.com"] = ["10.0.0.1"]
    assert fetch(internet) == Reason.UNREACHABLE
    assert internet.attempts == []


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_chooses_its_own_addresses(
    internet: Internet, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """It is where the operator says, and alone may know the names."""
    monkeypatch.setenv(variable, "http://proxy.internal:3128")
    internet.names["proxy.internal"] = ["10.0.0.9"]
    assert fetch(internet) == Reason.UNREACHABLE
    assert internet.attempts == ["10.0.0.9"]
