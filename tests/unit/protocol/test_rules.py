"""Rules: which rule a request has, and which paths are ambiguous."""

from typing import Any

import pytest

from oauth_guard import ConfigurationError, Requirement, Rules, scope
from oauth_guard.errors import InvalidRequest, Reason
from oauth_guard.protocol.requirement import DENIED

RULES = Rules(
    [
        ("GET /orders", "list"),
        ("/orders/*", "read"),
        ("POST /orders", "write"),
        ("/orders/private/*", scope("private") | scope("admin")),
        ("GET /orders/secret", Requirement.of("secret", roles=["boss"])),
        ("WEBSOCKET /feed", None),
        ("/internal/*", "deny"),
        ("GET /slash/", "slash"),
    ]
)


def _scope(rules: Rules, method: str, path: str, *args: Any) -> str | None:
    """Return what a request requires: a scope, `denied`, `any`, or `ambiguous`."""
    try:
        requirement = rules.requirement(method, path, *(args or (None,)))
    except InvalidRequest as error:
        return "ambiguous" if error.reason is Reason.AMBIGUOUS_PATH else error.reason
    if requirement == DENIED:
        return "denied"
    return requirement.challenge_scope or "any"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/orders", "list"),
        ("HEAD", "/orders", "list"),
        ("POST", "/orders", "write"),
        ("PUT", "/orders", "denied"),
        ("GET", "/orders/1", "read"),
        ("GET", "/orders/1/", "read"),
        ("GET", "/orders/1/items", "read"),
        ("POST", "/orders/1", "denied"),
        ("GET", "/orders/private/1", "private"),
        ("GET", "/orders/secret", "secret"),
        ("GET", "/ordersX", "denied"),
        ("GET", "/", "denied"),
        ("WEBSOCKET", "/feed", "any"),
        ("GET", "/feed", "denied"),
        ("GET", "/internal/x", "denied"),
        ("GET", "/slash/", "slash"),
        ("get", "/orders", "denied"),
    ],
)
def test_most_specific_rule_decides(method: str, path: str, expected: str) -> None:
    """GET includes HEAD; without a rule, the default denies."""
    assert _scope(RULES, method, path) == expected


@pytest.mark.parametrize(
    ("path", "raw_path"),
    [
        ("/orders/../internal", None),
        ("/orders//1", None),
        ("/orders;a=1", None),
        ("/orders/1", b"/orders%2f1"),
        ("/Orders", None),
        ("/orders/SECRET", None),
        ("/orders/secret/", None),
        ("/orders/", None),
        ("/slash", None),
        ("/Orders/1", None),
    ],
)
def test_path_that_a_router_may_read_as_that_of_another_rule_is_ambiguous(
    path: str, raw_path: bytes | None
) -> None:
    """By an escape, a dot segment, upper and lower case, or a slash at the end."""
    assert _scope(RULES, "GET", path, raw_path) == "ambiguous"


def test_root_path_that_leads_to_another_rule_is_ambiguous() -> None:
    """One that leads to the same rule is not."""
    assert _scope(RULES, "GET", "/v1/orders", None, ["/v1"]) == "list"
    assert _scope(RULES, "GET", "/v1/orders/v1/x", None, ["/v1"]) == "read"
    lax = Rules([("/a/*", "a"), ("/x/a/*", "xa")])
    assert _scope(lax, "GET", "/x/a/b", None, ["/x", ""]) == "ambiguous"


@pytest.mark.parametrize(
    ("default", "expected"), [("deny", "denied"), (None, "any"), ("other", "other")]
)
def test_default_applies_to_other_paths(default: str | None, expected: str) -> None:
    """It is `deny` unless another is given."""
    rules = Rules([("/a", "a")], default=default)
    assert _scope(rules, "GET", "/b") == expected
    assert _scope(Rules([("/a", "a")]), "GET", "/b") == "denied"


def test_default_that_is_laxer_is_not_reached_by_another_spelling() -> None:
    """A router may ignore case or a slash at the end."""
    rules = Rules([("/admin", "admin"), ("/admin/*", "admin")], default=None)
    for path in ("/ADMIN", "/admin/", "/Admin/x"):
        assert _scope(rules, "GET", path) == "ambiguous"


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param([("GET /a", "x"), ("/a", "y")], id="GET twice"),
        pytest.param([("HEAD /a", "x"), ("GET /a", "y")], id="HEAD is GET"),
        pytest.param([("/a/*", "x"), ("/A/*", "y")], id="case"),
        pytest.param([("/a/{id}", "x")], id="template"),
        pytest.param([("PSOT /a", "x")], id="method"),
        pytest.param([("a", "x")], id="no path"),
        pytest.param([("/a", ["x"])], id="list of scopes"),
        pytest.param(["/a", "/b"], id="no pairs"),
        pytest.param("/a", id="string"),
        pytest.param({"/a": "x"}, id="mapping"),
        pytest.param([("/a", "x", "y")], id="three"),
    ],
)
def test_rules_of_another_form_are_rejected(rules: Any) -> None:
    """As is a rule that another one shadows."""
    with pytest.raises(ConfigurationError):
        Rules(rules)


def test_requirements_include_the_default() -> None:
    """They are what may be required of a request."""
    rules = Rules([("/a", "x"), ("/a/*", None)], default="y")
    assert [each.challenge_scope for each in rules.requirements] == ["x", None, "y"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("WEBSOCKET /a", True), ("WEBSOCKET /a/*", True), ("GET /a", False), ("/a/*", False)],
)
def test_rule_for_a_handshake_is_known(pattern: str, expected: bool) -> None:
    """For a service that sees none."""
    assert Rules([(pattern, None)]).has_handshakes is expected
