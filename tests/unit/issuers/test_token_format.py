"""TokenFormat: which tokens are rejected without a request, by prefix, length or function."""

from typing import Any

import pytest

from oauth_guard.errors import ConfigurationError, InvalidToken, Reason
from oauth_guard.issuers.token_format import read_token_format


def is_accepted(setting: Any, token: str) -> bool:
    """Return whether *token* has the format."""
    try:
        read_token_format(setting)(token)
    except InvalidToken as error:
        return error.reason is not Reason.WRONG_FORMAT
    return True


def ends_with_its_check_digit(token: str) -> bool:
    """Return whether the last digit is the sum of the others, modulo ten."""
    *digits, last = map(int, token)
    return sum(digits) % 10 == last


@pytest.mark.parametrize(
    ("setting", "accepted", "rejected"),
    [
        pytest.param("at_", ["at_", "at_1"], ["At_1", "xat_", "at"], id="prefix"),
        pytest.param(3, ["abc"], ["ab", "abcd"], id="length"),
        pytest.param(range(2, 4), ["ab", "abc"], ["a", "abcd"], id="lengths"),
        pytest.param(ends_with_its_check_digit, ["1236"], ["1235", "junk", "x"], id="function"),
        pytest.param(["at_", 5], ["at_12"], ["at_1", "xx_12"], id="prefix and length"),
        pytest.param(("at_", str.islower), ["at_ab"], ["at_AB"], id="tuple"),
        pytest.param(lambda token: {}[token], [], ["a"], id="LookupError"),
        pytest.param(lambda token: token + 1, [], ["a"], id="TypeError"),
        pytest.param(lambda token: token.nothing, [], ["a"], id="AttributeError"),
    ],
)
def test_token_is_accepted_only_if_it_has_every_part_of_the_format(
    setting: Any, accepted: list[str], rejected: list[str]
) -> None:
    """An exception that a token provokes rejects it."""
    assert [is_accepted(setting, token) for token in accepted] == [True] * len(accepted)
    assert [is_accepted(setting, token) for token in rejected] == [False] * len(rejected)


def test_fault_of_an_operators_function_is_not_hidden() -> None:
    """It passes through."""

    def broken(_: str) -> bool:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - it has no text
        read_token_format(broken)("a")


@pytest.mark.parametrize("setting", ["", 0, -1, True, [], range(0), 1.5, ["a", None], b"at_"])
def test_setting_that_is_no_format_is_refused(setting: Any) -> None:
    """The message says what to write."""
    with pytest.raises(ConfigurationError, match="token_format= is a prefix"):
        read_token_format(setting)
