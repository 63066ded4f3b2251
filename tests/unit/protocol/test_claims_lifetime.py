"""The lifetime of a token is checked by `exp`, `nbf` and `iat`, with a leeway."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.protocol.claims import ClaimRules
from tests.unit.protocol.properties import BOUNDED

_ISSUER = "https://as.example.com"
_NOW = 1_700_000_000


def _outcome(check: Callable[[], None]) -> Reason | None:
    try:
        check()
    except InvalidToken as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    ("leeway", "times", "reason"),
    [
        pytest.param(0, {}, None, id="no times"),
        pytest.param(0, {"exp": _NOW + 1}, None, id="a second left"),
        pytest.param(0, {"exp": _NOW + 0.5}, None, id="half a second left"),
        pytest.param(0, {"exp": _NOW}, Reason.EXPIRED, id="expires now"),
        pytest.param(5, {"exp": _NOW - 4}, None, id="expired within the leeway"),
        pytest.param(5, {"exp": _NOW - 5}, Reason.EXPIRED, id="expired at the leeway"),
        pytest.param(0, {"exp": 0}, Reason.EXPIRED, id="expired in 1970"),
        pytest.param(0, {"exp": -(10**99)}, Reason.EXPIRED, id="exp -10**99"),
        pytest.param(0.5, {"exp": -1e308}, Reason.EXPIRED, id="exp -1e308"),
        pytest.param(0.5, {"exp": 10**99}, None, id="exp 10**99"),
        pytest.param(300, {"exp": 1e308}, None, id="exp 1e308"),
        pytest.param(0, {"nbf": _NOW}, None, id="valid from now"),
        pytest.param(0, {"nbf": _NOW + 1}, Reason.NOT_YET_VALID, id="valid in a second"),
        pytest.param(5, {"nbf": _NOW + 5}, None, id="valid within the leeway"),
        pytest.param(5, {"nbf": _NOW + 5.5}, Reason.NOT_YET_VALID, id="valid after the leeway"),
        pytest.param(0.5, {"nbf": 10**99}, Reason.NOT_YET_VALID, id="nbf 10**99"),
        pytest.param(0.5, {"nbf": 1e308}, Reason.NOT_YET_VALID, id="nbf 1e308"),
        pytest.param(0, {"iat": _NOW + 10}, None, id="issued in 10 s"),
        pytest.param(0, {"iat": _NOW + 11}, Reason.ISSUED_IN_FUTURE, id="issued in 11 s"),
        pytest.param(30, {"iat": _NOW + 30}, None, id="issued in 30 s, within the leeway"),
        pytest.param(30, {"iat": _NOW + 31}, Reason.ISSUED_IN_FUTURE, id="issued in 31 s"),
        pytest.param(300, {"iat": _NOW + 60}, None, id="issued in 60 s"),
        pytest.param(300, {"iat": _NOW + 61}, Reason.ISSUED_IN_FUTURE, id="issued in 61 s"),
        pytest.param(0, {"iat": 10**99}, Reason.ISSUED_IN_FUTURE, id="iat 10**99"),
        pytest.param(0, {"iat": -1}, None, id="issued before 1970"),
    ],
)
def test_token_is_accepted_only_within_its_lifetime(
    leeway: float, times: dict[str, float], reason: Reason | None
) -> None:
    """`exp` is exclusive; `nbf` and `iat` are inclusive; `iat` has a tolerance of 10 to 60 s."""
    rules = ClaimRules(_ISSUER, leeway=leeway)
    checked = {
        "expires_at": times.get("exp"),
        "not_before": times.get("nbf"),
        "issued_at": times.get("iat"),
    }
    assert _outcome(lambda: rules.check_lifetime(**checked, now=_NOW)) is reason


_TIME = st.none() | st.integers(-100, 100)


@BOUNDED
@example(leeway=5, expires_at=None, not_before=-8, issued_at=0, now=-11)
@example(leeway=5, expires_at=None, not_before=-50, issued_at=0, now=-11)
@given(
    leeway=st.sampled_from([0, 5, 50]),
    expires_at=_TIME,
    not_before=_TIME,
    issued_at=_TIME,
    now=st.integers(-150, 150),
)
def test_lifetime_is_the_interval_in_which_check_lifetime_passes(
    leeway: float,
    expires_at: float | None,
    not_before: float | None,
    issued_at: float | None,
    now: float,
) -> None:
    """The order of the three times makes no difference."""
    rules = ClaimRules(_ISSUER, leeway=leeway)
    times = {"expires_at": expires_at, "not_before": not_before, "issued_at": issued_at}
    begin, end = rules.lifetime(expires_at, not_before, issued_at)
    passes = _outcome(lambda: rules.check_lifetime(**times, now=now)) is None
    assert (begin <= now < end) is passes
