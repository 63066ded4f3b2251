"""RFC 8725, which addresses a resource server connects to: row 09 of section 13 of the matrix."""

from pathlib import Path

import pytest

from tests.acceptance.standards.api import ISSUER, Api
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import RecordedResponse
from tests.unit.http.network import SERVED, Internet


@pytest.fixture
def internet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Internet:
    """Return a simulated Internet with the authorization server on it."""
    internet = Internet(tmp_path, "as.example.com", "keys.example.com")
    internet.names = {"as.example.com": ["198.51.101.7"], "keys.example.com": ["198.51.101.7"]}
    internet.hosts = {"198.51.101.7": SERVED, "127.0.0.1": SERVED}
    internet.install(monkeypatch)
    return internet


def _response_with_keys_at(internet: Internet, jwks_uri: str) -> RecordedResponse:
    """Return the response to `T` while the authorization server's keys are at *jwks_uri*."""
    api = Api(issuer={"http": None})
    path = "/.well-known/oauth-authorization-server"
    internet.responses[path] = {"issuer": ISSUER, "jwks_uri": jwks_uri}
    internet.responses["/jwks"] = api.authority.jwks

    async def work() -> RecordedResponse:
        async with api.guard:
            return await api.get(token=api.token())

    return internet.run(work)


@pytest.mark.conformance("8725-09")
def test_keys_on_another_public_host_are_fetched(internet: Internet) -> None:
    """An issuer may publish its keys on another host."""
    expect(_response_with_keys_at(internet, "https://keys.example.com/jwks"), "200")


@pytest.mark.conformance("8725-09")
@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("198.51.101.7", "http://keys.example.com/jwks"),
        ("127.0.0.1", "https://keys.example.com/jwks"),
        ("169.254.169.254", "https://keys.example.com/jwks"),
        ("::1", "https://keys.example.com/jwks"),
        ("10.1.2.3", "https://keys.example.com/jwks"),
        ("127.0.0.1", "https://127.0.0.1/jwks"),
        ("127.0.0.1", "http://127.0.0.1/jwks"),
        ("127.0.0.1", "http://localhost/jwks"),
        ("127.0.0.1", "https://2130706433/jwks"),
        ("127.0.0.1", "https://[::ffff:127.0.0.1]/jwks"),
        ("127.0.0.1", "https://[::1]/jwks"),
    ],
)
def test_keys_on_an_internal_address_are_not_fetched(
    internet: Internet, address: str, url: str
) -> None:
    """Only the issuer is connected to, and the response is 503."""
    internet.names |= {"keys.example.com": [address], "localhost": [address]}
    response = _response_with_keys_at(internet, url)
    expect(response, "503")
    assert all(url.startswith(f"{ISSUER}/.well-known/") for url in internet.requests)
    assert set(internet.attempts) == {"198.51.101.7"}


@pytest.mark.conformance("8725-09")
@pytest.mark.parametrize(
    "target", ["https://127.0.0.1/jwks2", "http://169.254.169.254/", "https://as.example.com/jwks2"]
)
def test_redirect_is_not_followed(internet: Internet, target: str) -> None:
    """Not even to the issuer itself."""
    api = Api(issuer={"http": None, "jwks_uri": "https://keys.example.com/jwks"})
    internet.responses |= {"/jwks": target, "/jwks2": api.authority.jwks}
    response = internet.run(lambda: api.get(token=api.token()))
    expect(response, "503")
    assert internet.requests == ["https://keys.example.com/jwks"]
