"""Errors: one base class, fixed statuses and codes, and no data of the request."""

import inspect

import pytest

from oauth_guard import errors
from oauth_guard.errors import (
    ConfigurationError,
    ForeignOrigin,
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    IssuerUnavailable,
    MissingCredentials,
    OAuthGuardError,
    Reason,
    RequestRejected,
)


def test_every_error_is_public_and_derives_from_oauth_guard_error() -> None:
    """`except OAuthGuardError` catches every error, and `__all__` lists every one."""
    ours = [each for _, each in inspect.getmembers(errors, inspect.isclass)]
    found = {each.__name__ for each in ours if issubclass(each, OAuthGuardError)}
    assert found | {"Reason"} == set(errors.__all__)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (MissingCredentials, 401, None),
        (InvalidRequest, 400, "invalid_request"),
        (ForeignOrigin, 403, None),
        (InvalidToken, 401, "invalid_token"),
        (InsufficientScope, 403, "insufficient_scope"),
    ],
)
def test_rejections_have_the_status_and_code_of_rfc_6750(
    kind: type[RequestRejected], status: int, code: str | None
) -> None:
    """The status and the code are fixed for each class, and the text is the reason alone."""
    error = kind(Reason.EXPIRED)
    assert (error.status, error.code, error.reason) == (status, code, Reason.EXPIRED)
    assert str(error) == "expired"


def test_rejections_without_arguments_have_a_default_reason_and_no_scope() -> None:
    """Two classes have a default reason, and no scope unless one is given."""
    missing, insufficient = MissingCredentials(), InsufficientScope()
    assert (missing.reason, missing.scope) == (Reason.NO_CREDENTIALS, None)
    assert str(missing) == "no_credentials"
    assert (insufficient.reason, insufficient.scope) == (Reason.INSUFFICIENT_SCOPE, None)
    assert MissingCredentials(scope="read").scope == InsufficientScope(scope="read").scope == "read"


def test_invalid_token_without_arguments_has_reason_wrong_claim() -> None:
    """A claim function of the operator may raise it without choosing a reason."""
    assert InvalidToken().reason == Reason.WRONG_CLAIM


def test_configuration_error_is_a_value_error() -> None:
    """Code that does not know this library can catch it as `ValueError`."""
    assert issubclass(ConfigurationError, ValueError)
    assert not issubclass(RequestRejected, ValueError)


def test_issuer_unavailable_names_issuer_reason_and_retry_time() -> None:
    """The text has the issuer and the reason; `retry_after` is 1 s by default."""
    error = IssuerUnavailable("https://as.example.com", Reason.TIMED_OUT, retry_after=7)
    assert str(error) == "https://as.example.com: timed_out"
    assert (error.issuer, error.reason, error.retry_after) == (
        "https://as.example.com",
        Reason.TIMED_OUT,
        7,
    )
    assert IssuerUnavailable("x", Reason.TIMED_OUT).retry_after == 1


def test_every_reason_is_the_lower_case_of_its_name() -> None:
    """Each value is an identifier that fits logs and counters."""
    assert all(reason.value.replace("_", "").isalpha() for reason in Reason)
    assert all(reason.value == reason.name.lower() for reason in Reason)
