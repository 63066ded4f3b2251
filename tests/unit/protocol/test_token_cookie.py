"""A token in a cookie is read by its name, and only from requests that the right pages cause."""

import pytest

from oauth_guard.errors import ConfigurationError, ForeignOrigin
from oauth_guard.protocol.token_cookie import DEFAULT_TOKEN_COOKIE, TokenCookie

_RESOURCE = "https://api.example.com/v1"
_COOKIE = TokenCookie.of(DEFAULT_TOKEN_COOKIE, _RESOURCE)
_OWN, _OTHER, _ALLOWED = b"https://api.example.com", b"https://evil.example", b"https://app.example"


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("__Host-access_token", _RESOURCE),
        ("__Secure-t", _RESOURCE),
        ("t", "http://127.0.0.1:8000"),
        ("t", "https://localhost"),
    ],
)
def test_cookie_name_is_accepted_with_a_prefix_or_on_loopback(name: str, resource: str) -> None:
    """A development server has no HTTPS, and the prefixes need it."""
    assert TokenCookie.of(name, resource).name == name.encode()


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a;b", "tökn", "a\tb", "a,b", "a\x00b"])
def test_text_that_names_no_cookie_is_rejected(name: str) -> None:
    """RFC 6265 §4.1.1: a name is a token."""
    with pytest.raises(ConfigurationError, match="takes the name of a cookie"):
        TokenCookie.of(name, "http://127.0.0.1")


@pytest.mark.parametrize("name", ["access_token", "__host-t", "Host-t"])
def test_name_without_a_prefix_is_rejected_on_a_public_host(name: str) -> None:
    """A page over plain HTTP, or of a sibling domain, could set the cookie."""
    with pytest.raises(ConfigurationError, match=f'write "__Host-{name}"'):
        TokenCookie.of(name, _RESOURCE)


@pytest.mark.parametrize(
    ("fields", "values", "rest"),
    [
        pytest.param([], [], [], id="no cookie"),
        pytest.param([b"__Host-access_token=a.b.c"], [b"a.b.c"], [], id="this one alone"),
        pytest.param(
            [b"x=1; __Host-access_token=a==; y=2"], [b"a=="], [b"x=1; y=2"], id="among others"
        ),
        pytest.param([b"x=1", b"__Host-access_token=a"], [b"a"], [b"x=1"], id="two fields"),
        pytest.param(
            [b"__Host-access_token=a; __Host-access_token=b"], [b"a", b"b"], [], id="twice"
        ),
        pytest.param([b" __Host-access_token = a ;x=1"], [b"a"], [b"x=1"], id="white space"),
        pytest.param([b"__host-access_token=a"], [], [b"__host-access_token=a"], id="another case"),
        pytest.param([b"__Host-access_token"], [], [], id="no value"),
        pytest.param([b"x__Host-access_token=a"], [], [b"x__Host-access_token=a"], id="a suffix"),
        pytest.param([b""], [], [b""], id="an empty field"),
    ],
)
def test_cookie_is_found_and_removed_by_its_exact_name(
    fields: list[bytes], values: list[bytes], rest: list[bytes]
) -> None:
    """Other cookies stay as they are."""
    headers = [(b"accept", b"*/*"), *((b"Cookie", field) for field in fields)]
    assert _COOKIE.values(headers) == values
    kept = [(b"accept", b"*/*"), *((b"Cookie", field) for field in rest)]
    assert _COOKIE.without(headers) == kept


def _passes(
    method: str,
    *,
    origin: tuple[bytes, ...] = (),
    site: tuple[bytes, ...] = (),
    mode: bytes | None = None,
    is_handshake: bool = False,
    allowed: frozenset[bytes] = frozenset({_ALLOWED, b"*"}),
) -> bool:
    headers = [(b"cookie", b"__Host-access_token=a")]
    headers += [(b"Origin", value) for value in origin]
    headers += [(b"Sec-Fetch-Site", value) for value in site]
    headers += [] if mode is None else [(b"sec-fetch-mode", mode)]
    try:
        _COOKIE.check_page(method, headers, allowed, is_handshake=is_handshake)
    except ForeignOrigin:
        return False
    return True


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE", "get", "NEW"])
@pytest.mark.parametrize("is_handshake", [False, True])
@pytest.mark.parametrize(
    ("origin", "passes"),
    [
        pytest.param((_OWN,), True, id="own"),
        pytest.param((_ALLOWED,), True, id="in cors="),
        pytest.param((_OTHER,), False, id="another"),
        pytest.param((b"null",), False, id="null"),
        pytest.param((b"*",), False, id="an asterisk"),
        pytest.param((_OWN, _OWN), False, id="two"),
        pytest.param((b"http://api.example.com",), False, id="another scheme"),
        pytest.param((b"https://api.example.com:8443",), False, id="another port"),
        pytest.param((b"https://api.example.com.evil.example",), False, id="a longer host"),
        pytest.param((b"",), False, id="empty"),
    ],
)
def test_origin_decides_for_every_method_where_it_is_sent(
    method: str, is_handshake: bool, origin: tuple[bytes, ...], passes: bool
) -> None:
    """`Sec-Fetch-Site` can't overrule it."""
    for site in ((), (b"same-origin",), (b"cross-site",)):
        assert _passes(method, origin=origin, site=site, is_handshake=is_handshake) is passes


@pytest.mark.parametrize(
    ("method", "is_handshake"),
    [("POST", False), ("DELETE", False), ("get", False), ("NEW", False), ("GET", True)],
)
@pytest.mark.parametrize(
    ("site", "passes"),
    [
        ((b"same-origin",), True),
        ((), False),
        ((b"none",), False),
        ((b"same-site",), False),
        ((b"cross-site",), False),
        ((b"same-origin", b"same-origin"), False),
        ((b"Same-Origin",), False),
    ],
)
def test_request_that_may_change_something_needs_a_page_of_the_same_origin(
    method: str, is_handshake: bool, site: tuple[bytes, ...], passes: bool
) -> None:
    """Without `Origin`, `Sec-Fetch-Site` decides; without both, the request is rejected."""
    found = _passes(method, site=site, mode=b"navigate", is_handshake=is_handshake)
    assert found is passes


def test_request_without_the_cookie_may_come_from_anywhere() -> None:
    """Its credentials, if it has any, were not added by the browser."""
    headers = [(b"origin", _OTHER), (b"cookie", b"a=b"), (b"sec-fetch-site", b"cross-site")]
    _COOKIE.check_page("POST", headers, frozenset(), is_handshake=True)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize(
    ("site", "mode", "passes"),
    [
        ((), None, True),
        ((b"none",), b"navigate", True),
        ((b"same-origin",), b"cors", True),
        ((b"cross-site",), b"navigate", True),
        ((b"cross-site",), b"no-cors", False),
        ((b"same-site",), b"no-cors", False),
        ((b"cross-site",), None, False),
        ((b"same-origin", b"cross-site"), b"no-cors", False),
    ],
)
def test_request_that_only_reads_is_rejected_if_another_site_embeds_it(
    method: str, site: tuple[bytes, ...], mode: bytes | None, passes: bool
) -> None:
    """A link from another site is followed; a script or a picture of it is not loaded."""
    assert _passes(method, site=site, mode=mode) is passes
