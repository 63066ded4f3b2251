"""A wrong setting of the middleware fails when it is built, and says what to write instead."""

from collections.abc import Mapping
from typing import Any

import pytest

from oauth_guard import ConfigurationError, Guard, OAuthGuardMiddleware
from tests.standards.api import RESOURCE, Api, plain


@pytest.fixture
def api() -> Api:
    """Return the API of the conformance matrix, for its guard."""
    return Api()


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"guard": {}}, r'guard= must name a guard for "/"'),
        ({"guard": {"/a": None}}, r'guard= must name a guard for "/"'),
        ({"guard": {"/": None, "a": None}}, r"""guard= takes .* like "/a" .*, not 'a'"""),
        ({"guard": {"/": None, "/a/": None}}, r"""not '/a/'"""),
        ({"guard": {"/": None, "/a/*": None}}, r"""not '/a/\*'"""),
        ({"guard": {"/": None, "/a%20b": None}}, r"""not '/a%20b'"""),
        ({"guard": {"/": None, "/a?b": None}}, r"""not '/a\?b'"""),
        ({"guard": {"/": None, "//a": None}}, r"""not '//a'"""),
        ({"guard": {"/": None, "/a/../b": None}}, r"""not '/a/\.\./b'"""),
        ({"guard": {"/": None, "/a\\b": None}}, r"not '/a"),
        ({"guard": None}, r"guard= is a Guard, .* OAuthGuardMiddleware\(app, guard\)"),
        ({"public": "/health"}, r'public= takes a list: public=\["/health"\]'),
        ({"public": ["health"]}, r"""public= takes "/path", .*, not 'health'"""),
        ({"public": ["get /health"]}, r'"METHOD /path"'),
        ({"public": ["/a*"]}, r'"/path/\*"'),
        ({"public": ["/a/../b"]}, r'"/path"'),
        ({"cors": "https://a.example"}, r'cors= takes a list: cors=\["https://a.example"\]'),
        ({"cors": ["https://a.example/"]}, r'cors= takes origins like "https://app.example.com"'),
        ({"requires": "a b"}, r'several arguments: scope\("read", "write"\)'),
    ],
)
def test_a_wrong_setting_says_what_to_write_instead(
    api: Api, options: Mapping[str, Any], advice: str
) -> None:
    """When the middleware is built, not when a request comes."""
    with pytest.raises(ConfigurationError, match=advice):
        OAuthGuardMiddleware(plain, **{"guard": api.guard, **options})


def test_two_resources_can_not_share_the_path_of_their_metadata(api: Api) -> None:
    """Unless one of them has none, or both say the same."""
    others = {each: Guard(RESOURCE, [api.jwt_issuer()], metadata=each) for each in (True, False)}
    stranger = Guard("https://other.example.com", [api.jwt_issuer()])
    with pytest.raises(ConfigurationError, match=r"or one of them metadata=False"):
        OAuthGuardMiddleware(plain, {"/": api.guard, "/a": stranger})
    for other in others.values():
        OAuthGuardMiddleware(plain, {"/": api.guard, "/a": other})
