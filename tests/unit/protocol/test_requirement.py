"""Requirement: everything that a route requires is compared with the identity."""

from dataclasses import replace
from typing import Any

import pytest

from oauth_guard.errors import (
    ConfigurationError,
    InsufficientAuthentication,
    InsufficientScope,
    InvalidToken,
    MissingCredentials,
    Reason,
)
from oauth_guard.jose.frozen import freeze
from oauth_guard.protocol.identity import ANONYMOUS, Identity
from oauth_guard.protocol.requirement import Requirement
from oauth_guard.protocol.scopes import scope

_USER = Identity(
    issuer="https://as.example.com",
    subject="u1",
    client_id="c1",
    scopes=frozenset({"read", "write"}),
    roles=frozenset({"ops", "dev"}),
    groups=frozenset({"g1"}),
    entitlements=frozenset({"e1"}),
)
_CLIENT = Identity(issuer="https://as.example.com", subject="c1", client_id="c1")


def test_identity_without_a_subject_satisfies_a_scope() -> None:
    """An issuer need not name the caller."""
    nameless = Identity(issuer="https://as.example.com", scopes=frozenset({"read"}))
    assert Requirement.of("read").violation(nameless) is None


@pytest.mark.parametrize(
    "requirement",
    [
        pytest.param(Requirement(), id="nothing"),
        pytest.param(Requirement.of(), id="nothing, built"),
        pytest.param(Requirement.of("read"), id="a scope"),
        pytest.param(Requirement.of("write", "read"), id="two scopes"),
        pytest.param(Requirement.of(scope("admin") | scope("read")), id="either scope"),
        pytest.param(Requirement.of("read", scope("admin") | scope("write")), id="both forms"),
        pytest.param(Requirement.of(roles=["ops"]), id="a role"),
        pytest.param(Requirement.of(roles=("ops", "dev")), id="two roles"),
        pytest.param(Requirement.of(groups={"g1"}), id="a group"),
        pytest.param(Requirement.of(entitlements=iter(["e1"])), id="an entitlement"),
        pytest.param(Requirement.of(users_only=True), id="a user"),
        pytest.param(
            Requirement.of("read", roles=["ops"], groups=["g1"], entitlements=["e1"]), id="all"
        ),
    ],
)
def test_identity_with_everything_required_has_no_violation(requirement: Requirement) -> None:
    """Everything that is set is satisfied."""
    assert requirement.violation(_USER) is None


@pytest.mark.parametrize(
    ("requirement", "reason", "scopes"),
    [
        pytest.param(
            Requirement.of("read", "admin"),
            Reason.INSUFFICIENT_SCOPE,
            "read admin",
            id="one scope of two: the required set is found",
        ),
        pytest.param(
            Requirement.of(scope("admin") | scope("root")),
            Reason.INSUFFICIENT_SCOPE,
            "admin",
            id="neither of two scopes: the first is found",
        ),
        pytest.param(
            Requirement.of("admin", roles=["boss"]),
            Reason.INSUFFICIENT_SCOPE,
            "admin",
            id="scope before role",
        ),
        pytest.param(Requirement.of(roles=["devops"]), Reason.MISSING_ROLE, None, id="a role"),
        pytest.param(
            Requirement.of("read", roles=["ops", "boss"]),
            Reason.MISSING_ROLE,
            None,
            id="one role of two: no scope would help",
        ),
        pytest.param(Requirement.of(groups=["g"]), Reason.MISSING_GROUP, None, id="a group"),
        pytest.param(
            Requirement.of(entitlements=["e"]), Reason.MISSING_ENTITLEMENT, None, id="entitlement"
        ),
    ],
)
def test_identity_that_lacks_something_has_the_first_violation(
    requirement: Requirement, reason: Reason, scopes: str | None
) -> None:
    """A scope is named only if another scope would help."""
    violation = requirement.violation(_USER)
    assert isinstance(violation, InsufficientScope)
    assert (violation.reason, violation.scope) == (reason, scopes)


@pytest.mark.parametrize(
    ("requirement", "scopes"),
    [
        pytest.param(Requirement(), None, id="nothing but a caller"),
        pytest.param(Requirement.of("read"), "read", id="a scope"),
        pytest.param(Requirement.of(roles=["ops"]), None, id="a role"),
    ],
)
def test_anonymous_caller_lacks_credentials(requirement: Requirement, scopes: str | None) -> None:
    """The violation names the scope to request."""
    violation = requirement.violation(ANONYMOUS)
    assert isinstance(violation, MissingCredentials)
    assert (violation.reason, violation.scope) == (Reason.NO_CREDENTIALS, scopes)


def test_client_token_violates_users_only() -> None:
    """And nothing else."""
    assert Requirement().violation(_CLIENT) is None
    violation = Requirement.of(users_only=True).violation(_CLIENT)
    assert violation is not None
    assert violation.reason is Reason.NOT_A_USER


@pytest.mark.parametrize("name", ["roles", "groups", "entitlements"])
def test_list_written_as_a_string_is_rejected(name: str) -> None:
    """The string would be read as its letters."""
    wrong: dict[str, Any] = {name: "ops"}
    with pytest.raises(ConfigurationError, match=rf'write|{name}=\["ops"\]'):
        Requirement.of(**wrong)


def test_malformed_scope_is_rejected() -> None:
    """When the route is defined; so is a list of scopes."""
    with pytest.raises(ConfigurationError):
        Requirement.of("read write")
    scopes: Any = ["read"]
    with pytest.raises(ConfigurationError, match=r'scope\("read", "write"\)'):
        Requirement.of(scopes)


def test_unknown_setting_is_rejected() -> None:
    """The error names it, and those that exist."""
    unknown: Any = {"scopes": ["read"]}
    with pytest.raises(ConfigurationError, match=r"scopes= is no .*\. There are roles, groups"):
        Requirement.of(**unknown)


_RESOURCE, _NOW = "https://api.example.com", 1_800_000_000


def _with(**claims: Any) -> Identity:
    """Return the user, whose token has these claims."""
    return replace(_USER, claims=freeze(claims))


_PAYMENT = {"type": "payment", "actions": ["write"]}


@pytest.mark.parametrize(
    ("settings", "satisfying", "failing", "reason"),
    [
        ({"binding": "dpop"}, {"cnf": {"jkt": "x"}}, {}, Reason.BINDING_REQUIRED),
        ({"binding": "mtls"}, {"cnf": {"x5t#S256": "x"}}, {"cnf": {"jkt": "x"}}, None),
        ({"acr": "mfa"}, {"acr": "mfa"}, {"acr": "pwd"}, Reason.WEAK_AUTHENTICATION),
        ({"max_age": 0}, {"auth_time": _NOW}, {"auth_time": _NOW - 1}, Reason.OLD_AUTHENTICATION),
        ({"actor": "svc"}, {"act": {"sub": "svc"}}, {"act": {"sub": "x"}}, Reason.WRONG_ACTOR),
        (
            {"details": _PAYMENT},
            {"authorization_details": [_PAYMENT]},
            {"authorization_details": []},
            Reason.MISSING_DETAILS,
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) and value else "",
)
def test_requirement_of_a_claim_is_compared_with_the_token(
    settings: Any, satisfying: dict[str, Any], failing: dict[str, Any], reason: Reason | None
) -> None:
    """A token without the claim does not satisfy it either."""
    requirement = Requirement.of("read", **settings)
    assert requirement.violation(_with(**satisfying), _RESOURCE, _NOW) is None
    for claims in (failing, {}):
        violation = requirement.violation(_with(**claims), _RESOURCE, _NOW)
        assert violation is not None
        assert violation.reason is (reason or Reason.BINDING_REQUIRED)


@pytest.mark.parametrize(
    ("actor", "act", "accepted"),
    [
        pytest.param("svc", {"sub": "svc"}, True, id="name"),
        pytest.param(["a", "svc"], {"sub": "svc"}, True, id="one of several"),
        pytest.param("svc", {"sub": "svc", "iss": "https://as.example.com"}, True, id="issuer"),
        pytest.param("svc", {"sub": "svc", "iss": "https://b.test"}, False, id="another issuer"),
        pytest.param(
            [("https://b.test", "svc")], {"sub": "svc", "iss": "https://b.test"}, True, id="both"
        ),
        pytest.param([("https://b.test", "svc")], {"sub": "svc"}, False, id="without issuer"),
        pytest.param("svc", {"sub": "b", "act": {"sub": "svc"}}, False, id="inner actor"),
        pytest.param("svc", {"iss": "https://as.example.com"}, False, id="no subject"),
    ],
)
def test_only_the_outermost_actor_counts(actor: Any, act: Any, accepted: bool) -> None:
    """By its subject at the issuer of the token, or by issuer and subject."""
    violation = Requirement.of(actor=actor).violation(_with(act=act))
    assert (violation is None) is accepted


def test_step_up_is_required_after_the_binding_and_before_the_scope() -> None:
    """One error contains everything that is missing."""
    requirement = Requirement.of("admin", binding="dpop", acr="mfa hwk", max_age=300)
    unbound = requirement.violation(_with(), _RESOURCE, _NOW)
    assert isinstance(unbound, InvalidToken)
    error = requirement.violation(_with(cnf={"jkt": "x"}), _RESOURCE, _NOW)
    assert isinstance(error, InsufficientAuthentication)
    assert (error.acr_values, error.max_age, error.scope) == ("mfa hwk", 300, "admin")
    recent = _with(cnf={"jkt": "x"}, acr="hwk", auth_time=_NOW)
    assert isinstance(requirement.violation(recent, _RESOURCE, _NOW), InsufficientScope)


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"binding": "tls"}, "binding= takes 'dpop' or 'mtls'"),
        ({"acr": ""}, "acr= takes values"),
        ({"max_age": -1}, "max_age= is a whole number"),
        ({"actor": []}, "actor= names who may act"),
        ({"details": {"actions": []}}, "objects with a type"),
    ],
)
def test_wrong_setting_of_a_route_is_refused(settings: Any, advice: str) -> None:
    """When the route is built."""
    with pytest.raises(ConfigurationError, match=advice):
        Requirement.of(**settings)


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "a\nb", "ü", "x" * 101], ids=repr)
def test_name_of_a_policy_is_printable_and_short(name: str) -> None:
    """It is in the log and in the request to the policy decision point."""
    with pytest.raises(ConfigurationError, match="policy="):
        Requirement.of(policy=name)


@pytest.mark.parametrize("name", ["a", "note tools", "x" * 100])
def test_requirement_with_a_policy_needs_io(name: str) -> None:
    """Its violation says nothing of the policy."""
    requirement = Requirement.of("read", policy=name)
    assert requirement.needs_io
    assert requirement != Requirement.of("read")
    assert requirement.violation(Identity(issuer="i", scopes=frozenset({"read"}))) is None
    assert Requirement.of(introspect=True).needs_io
    assert not Requirement.of("read", roles=["a"]).needs_io
