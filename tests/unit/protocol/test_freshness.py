"""freshness(): for how long a response may be used again, by its header fields."""

import pytest

from oauth_guard.protocol.freshness import CACHE_FIELDS, freshness


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        pytest.param({}, None, id="no field"),
        pytest.param({"cache-control": "private"}, None, id="no lifetime"),
        pytest.param({"cache-control": "s-maxage=60"}, None, id="for shared caches"),
        pytest.param({"vary": "Origin"}, None, id="another vary"),
        pytest.param({"cache-control": "max-age=60"}, 60, id="max-age"),
        pytest.param({"cache-control": "Private, Max-Age = 60"}, 60, id="case and spaces"),
        pytest.param({"cache-control": "max-age=60, max-age=60"}, 60, id="the same twice"),
        pytest.param({"cache-control": "max-age=60", "age": "20"}, 40, id="less the age"),
        pytest.param({"cache-control": "max-age=60", "age": "90"}, 0, id="older than its lifetime"),
        pytest.param({"cache-control": "max-age=60", "expires": "0"}, 60, id="max-age first"),
        pytest.param({"cache-control": 'x="no-store", max-age=9'}, 9, id="quoted text"),
        pytest.param({"cache-control": "max-age=0"}, 0, id="none"),
        pytest.param({"cache-control": "max-age=60, no-store"}, 0, id="no-store"),
        pytest.param({"cache-control": "NO-CACHE, max-age=60"}, 0, id="no-cache"),
        pytest.param({"cache-control": 'no-cache="set-cookie", max-age=9'}, 0, id="with names"),
        pytest.param({"cache-control": "no-store"}, 0, id="no-store alone"),
        pytest.param({"cache-control": "max-age=60, max-age=30"}, 0, id="two lifetimes"),
        pytest.param({"cache-control": "max-age=-1"}, 0, id="negative"),
        pytest.param({"cache-control": "max-age=1.5"}, 0, id="a fraction"),
        pytest.param({"cache-control": "max-age=9999999999"}, 0, id="too many digits"),
        pytest.param({"cache-control": "max-age=٣"}, 0, id="another digit"),
        pytest.param({"cache-control": 'max-age="60"'}, 0, id="in quotes"),
        pytest.param({"cache-control": "max-age"}, 0, id="no value"),
        pytest.param({"cache-control": 'max-age=60, x="a, no-store'}, 0, id="an open quote"),
        pytest.param({"cache-control": 'max-age=60, x="a'}, 0, id="an open quote alone"),
        pytest.param({"cache-control": "max-age=60", "age": "old"}, 0, id="malformed age"),
        pytest.param({"cache-control": "max-age=60", "vary": "Origin, *"}, 0, id="vary"),
        pytest.param({"expires": "Thu, 01 Dec 1994 16:00:00 GMT"}, 0, id="expires alone"),
        pytest.param({"pragma": "no-cache"}, 0, id="pragma alone"),
    ],
)
@pytest.mark.conformance("AZ-19")
def test_lifetime_of_response_is_that_of_its_fields(
    fields: dict[str, str], seconds: float | None
) -> None:
    """Whatever is unclear may not be used again."""
    assert fields.keys() <= set(CACHE_FIELDS)
    assert freshness(fields) == seconds
