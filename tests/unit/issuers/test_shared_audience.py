"""accepted_tokens: what two guards are compared by; a shared audience is logged."""

import logging
from typing import Any

import pytest

from oauth_guard import ClientSecretBasic, Guard, IntrospectionIssuer, JWTIssuer
from oauth_guard.issuers.shared_audience import accepted_tokens
from oauth_guard.issuers.tenants import Tenants

ISSUER = "https://as.example.com"
A, B = "https://api.example.com/a", "https://api.example.com/b"


def _introspection() -> IntrospectionIssuer:
    return IntrospectionIssuer(ISSUER, client=ClientSecretBasic("api", "secret"))


async def _resolve(_: str) -> None: ...


@pytest.mark.parametrize(
    ("issuer", "accepted"),
    [
        pytest.param(JWTIssuer(ISSUER), {(ISSUER, A)}, id="the resource"),
        pytest.param(
            JWTIssuer(ISSUER, audience=["x", "y"]), {(ISSUER, "x"), (ISSUER, "y")}, id="audiences"
        ),
        pytest.param(Tenants(resolve=_resolve), set(), id="tenants that are not known"),
        pytest.param(
            Tenants(resolve=_resolve, audience=["x"]), {("any tenant", "x")}, id="tenants"
        ),
        pytest.param(object(), set(), id="an issuer of the user's own"),
        pytest.param(_introspection(), {(ISSUER, A)}, id="introspection"),
    ],
)
def test_accepted_tokens_are_pairs_of_issuer_and_audience(issuer: Any, accepted: set[Any]) -> None:
    """Or of issuer and client, if tokens have no audience."""
    assert accepted_tokens([issuer], A) == accepted


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]


def test_issuer_with_an_audience_in_guards_of_two_resources_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each accepts the tokens of the other."""
    issuer = JWTIssuer(ISSUER, audience="shared")
    Guard(A, [issuer])
    Guard(A, [issuer])
    assert _warnings(caplog) == []
    Guard(B, [issuer])
    assert [each.startswith(f"{A} and {B} use one issuer, {ISSUER}") for each in _warnings(caplog)]
    assert len(_warnings(caplog)) == 1


def test_issuer_without_an_audience_in_guards_of_two_resources_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each guard accepts the tokens for its own resource."""
    issuer = JWTIssuer(ISSUER)
    Guard(A, [issuer])
    Guard(B, [issuer])
    assert _warnings(caplog) == []
