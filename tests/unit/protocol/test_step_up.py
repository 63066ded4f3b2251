"""Step-up: a user who authenticated too weakly or too long ago must do it again."""

from typing import Any

import pytest

from oauth_guard.errors import ConfigurationError, Reason
from oauth_guard.protocol.step_up import read_acr, read_max_age, step_up_reason

NOW = 1_800_000_000
WEAK, OLD = Reason.WEAK_AUTHENTICATION, Reason.OLD_AUTHENTICATION


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"acr": "mfa"}, None),
        ({"acr": "hwk"}, None),
        ({"acr": "MFA"}, WEAK),
        ({"acr": "mfa hwk"}, WEAK),
        ({"acr": ("mfa",)}, WEAK),
        ({"acr": None}, WEAK),
        ({}, WEAK),
    ],
)
def test_each_accepted_context_satisfies(claims: dict[str, Any], reason: Reason | None) -> None:
    """Compared exactly; a missing one satisfies nothing (RFC 9470 §3)."""
    assert step_up_reason(claims, ("mfa", "hwk"), None, NOW) is reason


@pytest.mark.parametrize(
    ("auth_time", "reason"),
    [
        (NOW, None),
        (NOW - 300, None),
        (NOW - 299.5, None),
        (NOW - 301, OLD),
        (NOW + 10, None),
        (NOW + 11, OLD),
        (str(NOW), OLD),
        (True, OLD),
        (None, OLD),
        (float("nan"), OLD),
        ([NOW], OLD),
    ],
)
def test_authentication_must_be_recent(auth_time: Any, reason: Reason | None) -> None:
    """To the second; a malformed time is none."""
    assert step_up_reason({"auth_time": auth_time}, (), 300, NOW) is reason
    assert step_up_reason({}, (), 300, NOW) is OLD
    assert step_up_reason({"auth_time": auth_time}, (), None, NOW) is None


def test_settings_are_read() -> None:
    """Several contexts as a list or as one string."""
    assert read_acr("mfa hwk") == read_acr(["mfa", "hwk"]) == ("mfa", "hwk")
    assert read_max_age(0) == 0


@pytest.mark.parametrize("value", ["", [], 'a"b', "a  b", ["a b"], [1], ["é"], ["a\n"]])
def test_context_that_no_challenge_can_contain_is_refused(value: Any) -> None:
    """When the route is built."""
    with pytest.raises(ConfigurationError, match="without spaces and quotes"):
        read_acr(value)


@pytest.mark.parametrize("value", [-1, 1.5, True, "300", None])
def test_age_that_is_no_whole_number_of_seconds_is_refused(value: Any) -> None:
    """RFC 9470 §3 requires a non-negative integer."""
    with pytest.raises(ConfigurationError, match="whole number of seconds"):
        read_max_age(value)
