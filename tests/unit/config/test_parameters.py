"""parameters_of(): the settings of the library, from its own signatures."""

import inspect
from typing import get_args

import pytest

from oauth_guard import Guard, IntrospectionIssuer, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.config.parameters import alternatives, kinds_of, parameters_of
from oauth_guard.issuers.presets import cognito
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.protocol.requirement import Requirement

NOT_CONFIGURED = {"app", "guard", "clock", "monotonic"}


@pytest.mark.parametrize(
    "owner",
    [Guard, OAuthGuardMiddleware, JWTIssuer, IntrospectionIssuer, Tenants, cognito],
    ids=lambda each: each.__name__,
)
def test_every_argument_but_clocks_is_a_setting(owner: type) -> None:
    """A new argument is a setting of the file from the start."""
    expected = set()
    for name, each in inspect.signature(owner).parameters.items():
        if each.kind is each.VAR_KEYWORD:
            expected |= set(get_args(each.annotation)[0].__annotations__)
        else:
            expected.add(name)
    assert set(parameters_of(owner)) == expected - NOT_CONFIGURED


def test_secrets_are_marked() -> None:
    """So that they are hidden, and may be in files of their own."""
    assert parameters_of(JWTIssuer)["secret"].is_secret
    assert not parameters_of(JWTIssuer)["issuer"].is_secret
    assert parameters_of(JWTIssuer)["issuer"].is_required


def test_positional_arguments_are_a_list() -> None:
    """`Requirement.of("a", "b")` is `scopes = ["a", "b"]`."""
    parameter = parameters_of(Requirement.of)["scopes"]
    assert parameter.is_positional
    assert not parameter.is_required


def test_kinds_of_a_setting_are_those_of_all_its_types() -> None:
    """An issuer or tenants; the first is the default."""
    kinds = kinds_of(alternatives(get_args(parameters_of(Guard)["issuers"].kind)[0]))
    assert next(iter(kinds)) == "jwt"
    assert {"introspection", "tenants", "keycloak"} <= set(kinds)
