"""Redirect URIs: which can be registered, and which match a registered one."""

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
def test_redirect_uri_may_be_registered_if_it_is_https_loopback_or_a_private_scheme(
    *, uri: str, allowed: bool
) -> None:
    """A private scheme must contain a dot (RFC 8252 §7.1)."""
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
        ("http://localhost/cb", "http://localhost:5001/cb", True),
        ("http://localhost/cb", "http://localhost:5001/cb/", False),
        ("http://localhost/cb", "http://localhost.evil.example:5001/cb", False),
        ("http://localhost/cb", "http://127.0.0.1:5001/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb?", False),
        ("http://127.0.0.1/cb", "HTTP://127.0.0.1:5000/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:/cb", False),
        ("http://127.0.0.1", "http://127.0.0.1:5000", True),
        ("http://127.0.0.1", "http://127.0.0.1:5000/", False),
        ("http://127.0.0.1?a", "http://127.0.0.1:5000?a", True),
        ("http://localhost", "http://LOCALHOST:5000", False),
    ],
)
def test_redirect_uri_matches_exactly_except_for_a_loopback_port(
    *, registered: str, requested: str, same: bool
) -> None:
    """Only the port of a loopback address may differ (RFC 8252 §7.3)."""
    assert matches(registered, requested) is same
