"""Settings for browsers are checked when the guard is built."""

from typing import Any

import pytest

from oauth_guard import ConfigurationError, Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.browser_access import BrowserAccess
from oauth_guard.possession import TLSExtension
from tests.acceptance.standards.api import plain

_RESOURCE = "https://api.example.com"
_METHODS = ["header", "cookie"]


def _guard(**settings: Any) -> Guard:
    return Guard(_RESOURCE, [JWTIssuer("https://login.example.com")], **settings)


def test_cookie_has_a_name_of_its_host_by_default() -> None:
    """So only pages of this host can set it."""
    cookie = BrowserAccess(_RESOURCE, _METHODS, {}).token_cookie
    assert cookie is not None
    assert (cookie.name, cookie.origin) == (b"__Host-access_token", b"https://api.example.com")


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"token_cookie": "__Host-t"}, 'write bearer_methods=\\["header", "cookie"\\]'),
        ({"bearer_methods": _METHODS, "token_cookie": "t"}, 'write "__Host-t"'),
        ({"bearer_methods": ["cookie"]}, "bearer_methods= is"),
        ({"bearer_methods": _METHODS, "token_header": "X-T"}, "leave out the others"),
        (
            {"bearer_methods": _METHODS, "profile": "fapi2", "certificates": TLSExtension()},
            "header only",
        ),
        ({"login_redirect": "login"}, "login_redirect="),
        ({"hide_credentials": "yes"}, "hide_credentials= takes True or False"),
    ],
)
def test_setting_that_is_malformed_or_without_effect_is_rejected(
    settings: dict[str, Any], text: str
) -> None:
    """With a sentence that says what to write instead."""
    with pytest.raises(ConfigurationError, match=text):
        _guard(**settings)


@pytest.mark.parametrize(
    ("login", "public", "is_accepted"),
    [
        ("/login?next={target}", ["/login"], True),
        ("/account/login", ["/account/*"], True),
        ("https://id.example.com/", [], True),
        ("/login", [], False),
        ("/login", ["POST /login"], False),
        ("/login", ["/log"], False),
    ],
)
def test_login_page_must_be_public(login: str, public: list[str], is_accepted: bool) -> None:
    """Else a browser would be sent there again and again."""
    guard = _guard(login_redirect=login)
    if is_accepted:
        OAuthGuardMiddleware(plain, guard, public=public)
    else:
        with pytest.raises(ConfigurationError, match=r'write public=\["/login"\]'):
            OAuthGuardMiddleware(plain, guard, public=public)


def test_cookie_is_no_method_of_the_metadata() -> None:
    """RFC 9728 §2 knows header, body and query."""
    assert _guard(bearer_methods=_METHODS).bearer_methods.names == ("header",)
