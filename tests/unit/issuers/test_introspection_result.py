"""IntrospectionResult: its lifetime, and its form in a store."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.issuers.introspection_result import IntrospectionResult, read_result
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.cache_settings import CacheSettings
from oauth_guard.protocol.claims import ClaimRules
from tests.builders.scripted_issuer import ISSUER, claims_of
from tests.unit.protocol.properties import BOUNDED

RULES = ClaimRules.of(ISSUER, required_claims=["iss"])
NOW = 1_750_000_000.0
SETTINGS = CacheSettings(rules=RULES, identity=(), cache_for=60, inactive_for=5)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=10,
)


def active(requested_at: float = NOW, **claims: Any) -> IntrospectionResult:
    """Return an active result that was requested at *requested_at*."""
    return IntrospectionResult(
        requested_at, AccessToken.from_claims(claims_of("token", **claims), RULES)
    )


@BOUNDED
@given(
    requested_at=st.floats(0, 1e11),
    exp=st.integers(0, 10**11) | st.floats(0, 1e11),
    more=st.dictionaries(st.text().map("x-{}".format), json_values),
)
def test_written_result_reads_the_same(
    requested_at: float, exp: float, more: dict[str, Any]
) -> None:
    """The time, every claim, and everything derived from them."""
    written = active(requested_at, exp=exp, aud=["a", "b"], roles=["r"], **more)
    assert read_result(written.to_bytes(), SETTINGS) == written


def test_written_inactive_result_reads_the_same() -> None:
    """It has a time and no claims."""
    assert read_result(IntrospectionResult(NOW, None).to_bytes(), SETTINGS) == IntrospectionResult(
        NOW, None
    )


GOOD = {"version": 1, "requested_at": NOW, "claims": claims_of("token")}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x80\x04.", id="a pickle"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b'{"version":1,"version":1}', id="a member twice"),
        pytest.param(json.dumps(GOOD | {"version": 2}).encode(), id="a later version"),
        pytest.param(json.dumps(GOOD | {"version": "1"}).encode(), id="a version in text"),
        pytest.param(json.dumps(GOOD | {"requested_at": "now"}).encode(), id="a moment in text"),
        pytest.param(json.dumps(GOOD | {"requested_at": None}).encode(), id="no moment"),
        pytest.param(json.dumps(GOOD | {"claims": []}).encode(), id="claims in a list"),
        pytest.param(json.dumps(GOOD | {"claims": {}}).encode(), id="a claim that we require"),
        pytest.param(json.dumps(GOOD | {"claims": {"iss": 1}}).encode(), id="a claim's type"),
        pytest.param(b'{"version": 1}', id="members missing"),
        pytest.param(json.dumps({"version": 1, "requested_at": NOW}).encode(), id="no claims"),
        pytest.param(json.dumps(GOOD | {"more": 1}).encode(), id="a member more"),
    ],
)
def test_other_data_is_no_result(data: bytes) -> None:
    """The reader introspects instead, and never rejects a token for how it was stored."""
    assert read_result(data, SETTINGS) is None


@pytest.mark.parametrize(
    ("exp", "age", "left"),
    [
        pytest.param(None, 0, 60, id="new"),
        pytest.param(None, 59, 1, id="old"),
        pytest.param(None, 61, -1, id="too old"),
        pytest.param(NOW + 10, 0, 10, id="never past exp"),
        pytest.param(NOW + 10, 10, 0, id="exp is now"),
        pytest.param(NOW - 10, 0, -10, id="exp has passed"),
        pytest.param(NOW + 600, 0, 60, id="exp is far away"),
        pytest.param(None, -0.001, 0, id="from the future"),
        pytest.param(None, -3600, 0, id="a clock that was set back"),
    ],
)
@pytest.mark.conformance("7662-10")
def test_active_result_is_cached_until_exp_at_most(
    exp: float | None, age: float, left: float
) -> None:
    """Counted from the time of the request."""
    result = active() if exp is None else active(exp=exp)
    assert result.seconds_left(NOW + age, SETTINGS) == left


@pytest.mark.parametrize(("age", "left"), [(0, 5), (4, 1), (5, 0), (6, -1), (-1, 0)])
def test_inactive_result_is_cached_for_a_short_time(age: float, left: float) -> None:
    """A token that becomes active is not rejected for long."""
    assert IntrospectionResult(NOW, None).seconds_left(NOW + age, SETTINGS) == left


def test_repr_contains_no_claim() -> None:
    """Claims are personal data."""
    assert "owner" not in repr(active())
