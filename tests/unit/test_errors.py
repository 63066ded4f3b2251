"""Every error says whose fault it is, and nothing of the request."""

import inspect

import pytest

from oauth_guard import errors
from oauth_guard.errors import (
    ConfigurationError,
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    IssuerUnavailable,
    MissingCredentials,
    OAuthGuardError,
    Reason,
    RequestRejected,
)


def test_every_error_has_one_root() -> None:
    """Whoever catches the root catches all, and there are no others than those listed."""
    ours = [each for _, each in inspect.getmembers(errors, inspect.isclass)]
    found = {each.__name__ for each in ours if issubclass(each, OAuthGuardError)}
    assert found | {"Reason"} == set(errors.__all__)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (MissingCredentials, 401, None),
        (InvalidRequest, 400, "invalid_request"),
        (InvalidToken, 401, "invalid_token"),
        (InsufficientScope, 403, "insufficient_scope"),
    ],
)
def test_the_callers_errors_are_those_of_rfc_6750(
    kind: type[RequestRejected], status: int, code: str | None
) -> None:
    """Status and code are fixed for each, and the text is our reason alone."""
    error = kind(Reason.EXPIRED)
    assert (error.status, error.code, error.reason) == (status, code, Reason.EXPIRED)
    assert str(error) == "expired"


def test_a_plain_error_has_the_usual_reason() -> None:
    """Two errors mean one thing unless told otherwise, and name no scope then."""
    missing, insufficient = MissingCredentials(), InsufficientScope()
    assert (missing.reason, missing.scope) == (Reason.NO_CREDENTIALS, None)
    assert str(missing) == "no_credentials"
    assert (insufficient.reason, insufficient.scope) == (Reason.INSUFFICIENT_SCOPE, None)
    assert MissingCredentials(scope="read").scope == InsufficientScope(scope="read").scope == "read"


def test_an_invalid_token_is_easily_raised() -> None:
    """Whoever judges claims by a function of their own need not choose a reason."""
    assert InvalidToken().reason == Reason.WRONG_CLAIM


def test_a_wrong_setting_is_a_wrong_value() -> None:
    """Code that knows nothing of us may catch it as a `ValueError`."""
    assert issubclass(ConfigurationError, ValueError)
    assert not issubclass(RequestRejected, ValueError)


def test_an_outage_names_the_issuer_and_the_reason() -> None:
    """The operator learns whom we could not ask and why; the caller when to come back."""
    error = IssuerUnavailable("https://as.example.com", Reason.TIMED_OUT, retry_after=7)
    assert str(error) == "https://as.example.com: timed_out"
    assert (error.issuer, error.reason, error.retry_after) == (
        "https://as.example.com",
        Reason.TIMED_OUT,
        7,
    )
    assert IssuerUnavailable("x", Reason.TIMED_OUT).retry_after == 1


def test_a_reason_is_a_label() -> None:
    """Each is a word of its own, fit for logs and counters."""
    assert all(reason.value.replace("_", "").isalpha() for reason in Reason)
    assert all(reason.value == reason.name.lower() for reason in Reason)
