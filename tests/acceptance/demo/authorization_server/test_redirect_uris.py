"""Which redirect_uris can be registered, and which match a registered one."""

import pytest

from demo_api.authorization_server.redirect_uris import matches, may_be_registered


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        ("https://client.example/cb", True),
        ("https://client.example:8443/cb?tenant=1", True),
        ("http://localhost:5000/cb", True),
        ("http://127.0.0.1/cb", True),
        ("http://[::1]:5000/cb", True),
        ("com.example.app:/cb", True),
        ("http://client.example/cb", False),
        ("http://127.0.0.1.evil.example/cb", False),
        ("http://localhost@evil.example/cb", False),
        ("https://user:word@client.example/cb", False),
        ("https://client.example/cb#here", False),
        ("https://client.example/cb#", False),
        ("https://client.example/c b", False),
        ("https://client.example/é", False),
        ("https://client.example\\@evil.example/", False),
        ("https://client.example:port/", False),
        ("https://client.example:99999/", False),
        ("https://[::1/", False),
        ("https://", False),
        ("/cb", False),
        ("", False),
        ("javascript:alert(1)", False),
        ("data:text/html,hello", False),
        ("myapp:/cb", False),
        ("https://client.example/" + "x" * 2000, False),
    ],
)
def test_a_redirect_uri_leads_to_its_owner(*, uri: str, allowed: bool) -> None:
    """To a host by TLS, to this machine, or to an app whose scheme is a domain of its own."""
    assert may_be_registered(uri) is allowed


@pytest.mark.parametrize(
    ("registered", "requested", "same"),
    [
        ("https://a.example/cb", "https://a.example/cb", True),
        ("https://a.example/cb", "https://a.example/cb/", False),
        ("https://a.example/cb", "https://a.example:443/cb", False),
        ("https://a.example/cb", "https://A.example/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb", True),
        ("http://[::1]/cb", "http://[::1]:5000/cb", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb?more=1", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5000/other", False),
        ("http://127.0.0.1/cb", "https://127.0.0.1:5000/cb", False),
        ("http://127.0.0.1/cb", "http://localhost:5000/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5000@evil.example/cb", False),
        ("http://127.0.0.1/cb", "http://user@127.0.0.1:5000/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb#", False),
        ("http://localhost:5000/cb", "http://localhost:5001/cb", False),
    ],
)
def test_a_redirect_uri_matches_to_the_letter(
    *, registered: str, requested: str, same: bool
) -> None:
    """Only the port of a loopback address may change (RFC 8252 §7.3)."""
    assert matches(registered, requested) is same
