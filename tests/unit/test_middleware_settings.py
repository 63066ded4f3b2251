"""A wrong setting of the middleware fails when it is built, and says what to write instead."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from oauth_guard import ConfigurationError, OAuthGuardMiddleware
from oauth_guard.starlette import requires
from tests.acceptance.standards.api import Api, plain


@pytest.fixture
def api() -> Api:
    """Return the API of the conformance matrix, for its guard."""
    return Api()


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"public": "/health"}, r'public= takes a list: public=\["/health"\]'),
        ({"public": ["health"]}, r"""public= takes "/path", .*, not 'health'"""),
        ({"public": ["get /health"]}, r'"METHOD /path"'),
        ({"public": ["/a*"]}, r'"/path/\*"'),
        ({"public": ["/a/../b"]}, r'"/path"'),
        ({"cors": "https://a.example"}, r'cors= takes a list: cors=\["https://a.example"\]'),
        ({"cors": ["https://a.example/"]}, r'cors= takes origins like "https://app.example.com"'),
        ({"cors": ["*"], "cors_expose": ["a b"]}, "cors_expose= takes names of header fields"),
        ({"requires": ["a", "b"]}, r'requires= takes one scope .* Requirement.of\("read"'),
        ({"requires": True}, r"requires= takes one scope"),
        ({"requires": requires("a")}, r"requires= takes one scope"),
        ({"requires": "a,b"}, r'scope\("a"\) \| scope\("b"\)'),
        ({"public": ["/orders/{id}"]}, "no parameters or regular expressions"),
        ({"public": ["PSOT /hook"]}, "write POST"),
        ({"public": [re.compile("/a")]}, 'public= takes a list of strings|takes "/path"'),
        ({"requires": "a b"}, r'several arguments: scope\("read", "write"\)'),
    ],
)
def test_wrong_setting_raises_an_error_that_says_what_to_write(
    api: Api, options: Mapping[str, Any], advice: str
) -> None:
    """When the object is built, not on a request."""
    with pytest.raises(ConfigurationError, match=advice):
        OAuthGuardMiddleware(plain, **{"guard": api.guard, **options})
