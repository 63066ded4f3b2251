"""A request comes from the proxy if it has the secret exactly once, or the address of the proxy."""

from typing import Any

import pytest

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.trusted_proxy import TrustedProxy

SECRET = "0123456789abcdef"
FIELD = (b"X-Proxy-Secret", SECRET.encode())


@pytest.mark.parametrize(
    ("headers", "trusted"),
    [
        pytest.param([FIELD], True, id="secret"),
        pytest.param([], False, id="none"),
        pytest.param([FIELD, FIELD], False, id="twice"),
        pytest.param([FIELD, (b"x-proxy-secret", b"guess")], False, id="with another"),
        pytest.param([(b"x-proxy-secret", SECRET[:-1].encode())], False, id="shortened"),
        pytest.param([(b"x-proxy-secret", b"")], False, id="empty"),
        pytest.param([(b"x-proxy-secret", b"\xff" * 16)], False, id="no ASCII"),
        pytest.param([(b"x_proxy_secret", SECRET.encode())], False, id="another name"),
    ],
)
def test_secret_is_trusted_once(headers: list[tuple[bytes, bytes]], trusted: bool) -> None:
    """Whatever the peer is."""
    proxy = TrustedProxy(("X-Proxy-Secret", SECRET), (), owner="Service")
    assert proxy.has_sent(headers, "127.0.0.1") is trusted
    assert proxy.secret_field == b"x-proxy-secret"


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("10.0.0.5", True),
        ("10.1.2.3", True),
        ("10.0.0.6", False),
        ("::ffff:10.1.2.3", True),
        ("::ffff:10.0.0.6", False),
        ("::1", False),
        ("unix", False),
        ("", False),
        (None, False),
    ],
)
def test_peer_is_trusted_by_its_address(peer: str | None, trusted: bool) -> None:
    """An address that can't be read is not trusted."""
    proxy = TrustedProxy(None, ["10.0.0.5", "10.1.0.0/16"], owner="Service")
    assert proxy.has_sent([FIELD], peer) is trusted
    assert proxy.secret_field == b""


@pytest.mark.parametrize(
    ("secret", "peers", "text"),
    [
        pytest.param(None, (), "Service needs secret=", id="neither"),
        pytest.param(("X-A", SECRET), ["10.0.0.5"], "Service needs secret=", id="both"),
        pytest.param(("X A", SECRET), (), "is not the name of a header field", id="name"),
        pytest.param(("X-A", "short"), (), "16 characters or more", id="short"),
        pytest.param(None, "10.0.0.5", "takes a list", id="one string"),
        pytest.param(None, ["proxy"], "takes addresses", id="host name"),
        pytest.param(None, ["10.0.0.5", "0.0.0.0/0"], "every address", id="every IPv4 address"),
        pytest.param(None, ["::/0"], "every address", id="every IPv6 address"),
    ],
)
def test_wrong_setting_is_rejected(secret: Any, peers: Any, text: str) -> None:
    """With a sentence that says what to write."""
    with pytest.raises(ConfigurationError, match=text):
        TrustedProxy(secret, peers, owner="Service")
