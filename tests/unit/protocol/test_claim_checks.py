"""Claims are checked against required values, or by an operator's function."""

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
    ("required", "value", "equal"),
    [
        pytest.param("acme", "acme", True, id="a string"),
        pytest.param("acme", "Acme", False, id="another case"),
        pytest.param("acme", ["acme"], False, id="a string in an array"),
        pytest.param(1, 1, True, id="a number"),
        pytest.param(1, 1.0, False, id="a float"),
        pytest.param(1, True, False, id="true is not 1"),
        pytest.param(1, "1", False, id="a string is not a number"),
        pytest.param(True, True, True, id="true"),
        pytest.param(False, 0, False, id="0 is not false"),
        pytest.param(None, None, True, id="null"),
        pytest.param(None, False, False, id="false is not null"),
        pytest.param(["a", "b"], ["a", "b"], True, id="an array"),
        pytest.param(("a", "b"), ["a", "b"], True, id="a tuple is an array"),
        pytest.param(["a", "b"], ["b", "a"], False, id="another order"),
        pytest.param(["a"], ["a", "b"], False, id="a longer array"),
        pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, True, id="an object has no order"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": True}}, False, id="a nested value"),
    ],
)
def test_claim_is_accepted_only_if_it_equals_the_required_value(
    required: Any, value: Any, equal: bool
) -> None:
    """Values are compared as JSON, with their types; frozen claims give the same result."""
    checks = ClaimChecks.of({"x": required})
    for claims in ({"x": value}, freeze({"x": value})):
        if equal:
            checks.check_values(claims)
        else:
            with pytest.raises(InvalidToken, match=Reason.WRONG_CLAIM):
                checks.check_values(claims)


def test_token_without_one_of_the_required_values_is_rejected() -> None:
    """A missing claim does not equal null; every required value is checked."""
    for claims in ({}, {"a": None}, {"b": 1}, {"a": None, "b": 2}):
        with pytest.raises(InvalidToken, match=Reason.WRONG_CLAIM):
            ClaimChecks.of({"a": None, "b": 1}).check_values(claims)
    ClaimChecks.of({"a": None, "b": 1}).check_values({"a": None, "b": 1, "c": 2})


def test_token_is_rejected_by_the_error_of_the_function() -> None:
    """A missing claim that the function reads rejects the token too."""

    def require_paid_plan(claims: Mapping[str, Any]) -> None:
        if claims["plan"] == "free":
            raise InsufficientScope

    checks = ClaimChecks.of(require_paid_plan)
    checks.check_function({"plan": "paid"})
    with pytest.raises(InsufficientScope):
        checks.check_function({"plan": "free"})
    with pytest.raises(InvalidToken, match=Reason.MALFORMED_CLAIM):
        checks.check_function({})


def test_missing_credentials_raised_by_a_function_become_an_invalid_token() -> None:
    """A rejected token must not pass as an anonymous request."""

    def misuse(_claims: object) -> None:
        raise MissingCredentials

    with pytest.raises(InvalidToken) as caught:
        ClaimChecks.of(misuse).check_function({})
    assert caught.value.reason is Reason.WRONG_CLAIM


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(lambda claims: claims["x"]["missing"], id="a member is missing"),
        pytest.param(lambda claims: claims["list"][5], id="an item is missing"),
        pytest.param(lambda claims: claims["x"] + 1, id="another type"),
        pytest.param(lambda claims: claims["x"].lower(), id="no such method"),
        pytest.param(lambda claims: int(claims["name"]), id="not a number"),
    ],
)
def test_claim_that_a_function_can_not_read_rejects_the_token(
    function: Callable[[Mapping[str, Any]], Any],
) -> None:
    """The error of the function may quote claims, so its context is suppressed."""
    with pytest.raises(InvalidToken, match=f"^{Reason.MALFORMED_CLAIM}$") as caught:
        call_claim_function(function, {"x": {}, "list": (), "name": "ada"})
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("fault", [ConfigurationError("x"), RuntimeError("x"), NameError("x")])
def test_other_exception_of_a_function_passes_through(fault: Exception) -> None:
    """A fault of the function must not look like an invalid token."""

    def broken(_: Mapping[str, Any]) -> None:
        raise fault

    with pytest.raises(type(fault), match="x"):
        ClaimChecks.of(broken).check_function({})


@pytest.mark.parametrize("returned", [False, True, 0, ""])
def test_function_that_returns_a_value_raises_configuration_error(returned: object) -> None:
    """A `return False` must not accept the token."""
    with pytest.raises(ConfigurationError, match="rejects by raising: return nothing"):
        ClaimChecks.of(lambda _: returned).check_function({})


async def _async_function(_: Mapping[str, Any]) -> None:
    """Do nothing; a coroutine can't reject a token."""


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        pytest.param("tenant", 'takes values, {"tenant": "acme"}', id="a string"),
        pytest.param(None, "takes values", id="None"),
        pytest.param([("a", 1)], "takes values", id="pairs"),
        pytest.param(_async_function, "a plain function", id="an async function"),
        pytest.param({1: "x"}, "takes names and values", id="a name that is a number"),
        pytest.param({"x": {1, 2}}, "'x' that is not JSON", id="a set"),
        pytest.param({"x": float("nan")}, "'x' that is not JSON", id="NaN"),
        pytest.param({"x": b"y"}, "'x' that is not JSON", id="bytes"),
    ],
)
def test_unusable_claims_setting_is_rejected(claims: object, message: str) -> None:
    """It fails when the issuer is configured, not on a request."""
    with pytest.raises(ConfigurationError, match=message):
        ClaimChecks.of(claims)


async def test_async_function_of_this_file_returns() -> None:
    """The function is only rejected elsewhere; this runs its body."""
    await _async_function({})
