"""More claims can be asked for, by exact value or by a function that refuses."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from oauth_guard.errors import (
    ConfigurationError,
    InsufficientScope,
    InvalidToken,
    MissingCredentials,
    Reason,
)
from oauth_guard.jose.frozen import freeze
from oauth_guard.protocol.claim_checks import ClaimChecks, call_claim_function


@pytest.mark.parametrize(
    ("wanted", "value", "equal"),
    [
        pytest.param("acme", "acme", True, id="a string"),
        pytest.param("acme", "Acme", False, id="another case"),
        pytest.param("acme", ["acme"], False, id="a string in an array"),
        pytest.param(1, 1, True, id="a number"),
        pytest.param(1, 1.0, False, id="a float"),
        pytest.param(1, True, False, id="true is no 1"),
        pytest.param(1, "1", False, id="a string is no number"),
        pytest.param(True, True, True, id="true"),
        pytest.param(False, 0, False, id="0 is no false"),
        pytest.param(None, None, True, id="null"),
        pytest.param(None, False, False, id="false is no null"),
        pytest.param(["a", "b"], ["a", "b"], True, id="an array"),
        pytest.param(("a", "b"), ["a", "b"], True, id="a tuple is an array"),
        pytest.param(["a", "b"], ["b", "a"], False, id="another order"),
        pytest.param(["a"], ["a", "b"], False, id="more in the array"),
        pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, True, id="an object has no order"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": True}}, False, id="deep inside"),
    ],
)
def test_a_value_must_match_exactly(wanted: Any, value: Any, equal: bool) -> None:
    """Whole, and by its JSON type, as read and as remembered."""
    more = ClaimChecks.of({"x": wanted})
    for claims in ({"x": value}, freeze({"x": value})):
        if equal:
            more.check(claims)
        else:
            with pytest.raises(InvalidToken, match=Reason.WRONG_CLAIM):
                more.check(claims)


def test_a_claim_must_be_there_and_each_must_match() -> None:
    """That it is missing is no null, and one that matches excuses no other."""
    for claims in ({}, {"a": None}, {"b": 1}, {"a": None, "b": 2}):
        with pytest.raises(InvalidToken, match=Reason.WRONG_CLAIM):
            ClaimChecks.of({"a": None, "b": 1}).check(claims)
    ClaimChecks.of({"a": None, "b": 1}).check({"a": None, "b": 1, "c": 2})


def test_a_function_sees_the_claims_and_may_refuse() -> None:
    """Whatever refusal it raises stands, and a claim that it misses refuses too."""

    def judge(claims: Mapping[str, Any]) -> None:
        if claims["plan"] == "free":
            raise InsufficientScope

    more = ClaimChecks.of(judge)
    more.check({"plan": "paid"})
    with pytest.raises(InsufficientScope):
        more.check({"plan": "free"})
    with pytest.raises(InvalidToken, match=Reason.MALFORMED_CLAIM):
        more.check({})


def test_somebody_who_is_refused_is_not_nobody() -> None:
    """What a function says of a token can't make it as if there were none."""

    def forgets(_claims: object) -> None:
        raise MissingCredentials

    with pytest.raises(InvalidToken) as caught:
        ClaimChecks.of(forgets).check({})
    assert caught.value.reason is Reason.WRONG_CLAIM


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(lambda claims: claims["x"]["missing"], id="a member is missing"),
        pytest.param(lambda claims: claims["list"][5], id="an item is missing"),
        pytest.param(lambda claims: claims["x"] + 1, id="another type"),
        pytest.param(lambda claims: claims["x"].lower(), id="no such method"),
        pytest.param(lambda claims: int(claims["name"]), id="no number"),
    ],
)
def test_a_claim_that_a_function_can_not_read_refuses_the_token(
    function: Callable[[Mapping[str, Any]], Any],
) -> None:
    """The token is at fault, and what it says is told nobody."""
    with pytest.raises(InvalidToken, match=f"^{Reason.MALFORMED_CLAIM}$") as caught:
        call_claim_function(function, {"x": {}, "list": (), "name": "ada"})
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("fault", [ConfigurationError("x"), RuntimeError("x"), NameError("x")])
def test_a_fault_of_the_function_itself_is_not_laid_to_the_token(fault: Exception) -> None:
    """It must not pass for a refusal, or nobody would mend it."""

    def broken(_: Mapping[str, Any]) -> None:
        raise fault

    with pytest.raises(type(fault), match="x"):
        ClaimChecks.of(broken).check({})


@pytest.mark.parametrize("answer", [False, True, 0, ""])
def test_a_function_that_returns_a_verdict_is_told_from_one_that_refuses(answer: object) -> None:
    """A `return False` must not pass for consent."""
    with pytest.raises(ConfigurationError, match="refuses by raising: return nothing"):
        ClaimChecks.of(lambda _: answer).check({})


async def _late(_: Mapping[str, Any]) -> None:
    """Come too late to refuse."""


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        pytest.param("tenant", 'takes values, {"tenant": "acme"}', id="a string"),
        pytest.param(None, "takes values", id="nothing"),
        pytest.param([("a", 1)], "takes values", id="pairs"),
        pytest.param(_late, "a plain function", id="an async function"),
        pytest.param({1: "x"}, "takes names and values", id="no name"),
        pytest.param({"x": {1, 2}}, "'x' that no token can hold", id="a set"),
        pytest.param({"x": float("nan")}, "'x' that no token can hold", id="NaN"),
        pytest.param({"x": b"y"}, "'x' that no token can hold", id="bytes"),
    ],
)
def test_what_can_never_match_is_a_wrong_configuration(claims: object, told: str) -> None:
    """It fails when the issuer is built."""
    with pytest.raises(ConfigurationError, match=told):
        ClaimChecks.of(claims)


async def test_the_late_function_does_nothing() -> None:
    """It is there to be refused."""
    await _late({})
