"""Operations: what each message of an MCP client requires."""

from typing import Any

import pytest

from oauth_guard import ConfigurationError, Requirement, scope
from oauth_guard.mcp.operations import Operations
from oauth_guard.protocol.access_target import AccessTarget

ALL = "notes://all"
RESOURCES = {ALL: "read", "notes://one/{number}": "one", "notes://{+path}": "any"}


def _operations(**rules: Any) -> Operations:
    empty: dict[str, Any] = {"tools": {}, "resources": {}, "prompts": {}, "unlisted": "allow"}
    return Operations(Requirement.of("base"), **empty | rules)


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        ("tools/call", {"name": "delete"}, "base write"),
        ("tools/call", {"name": "Delete"}, "base write"),
        ("tools/call", {"name": " delete\u200b"}, "base write"),
        ("tools/call", {"name": "delete2"}, "base"),
        ("tools/call", {"name": ["delete"]}, "base"),
        ("tools/call", None, "base"),
        ("tools/list", {"name": "delete"}, "base"),
        ("prompts/get", {"name": "summary"}, "base sum"),
        ("prompts/get", {"name": "delete"}, "base"),
        ("resources/read", {"uri": ALL}, "base read"),
        ("resources/subscribe", {"uri": ALL}, "base read"),
        ("resources/unsubscribe", {"uri": ALL}, "base read"),
        ("resources/read", {"uri": "notes://one/7"}, "base one any"),
        ("resources/read", {"uri": "NOTES://One/7"}, "base one any"),
        ("resources/read", {"uri": "notes://%61ll"}, "base read"),
        ("resources/read", {"uri": "other://one/7"}, "base"),
        ("completion/complete", {"ref": {"type": "ref/prompt", "name": "summary"}}, "base sum"),
        (
            "completion/complete",
            {"ref": {"type": "ref/resource", "uri": ALL}},
            "base read",
        ),
        ("completion/complete", {"ref": {"type": "other"}}, "base"),
        ("completion/complete", {"ref": {"type": ["ref/prompt"]}}, "base"),
        ("completion/complete", {"ref": "summary"}, "base"),
        (
            "subscriptions/listen",
            {"notifications": {"resourceSubscriptions": ["x://", ALL]}},
            "base read",
        ),
        (
            "subscriptions/listen",
            {"notifications": {"resourceSubscriptions": ALL}},
            "base",
        ),
        ("subscriptions/listen", {"notifications": []}, "base"),
        (["tools/call"], {"name": "delete"}, "base"),
    ],
)
def test_message_requires_the_scopes_of_its_operation(
    method: object, params: object, expected: str
) -> None:
    """The challenge names those of `requires=` first, and each scope once."""
    operations = _operations(
        tools={"delete": scope("base") & "write"}, prompts={"summary": "sum"}, resources=RESOURCES
    )
    assert operations.of_message(method, params).challenge_scope == expected


@pytest.mark.parametrize(
    ("method", "params", "denied"),
    [
        ("tools/call", {"name": "delete"}, False),
        ("tools/call", {"name": "other"}, True),
        ("tools/call", {}, True),
        ("prompts/get", {"name": "other"}, True),
        ("resources/read", {"uri": "other://"}, True),
        ("tools/list", {}, False),
        ("ping", None, False),
    ],
)
def test_unlisted_operation_is_denied(method: str, params: object, denied: bool) -> None:
    """Messages that use no operation are not."""
    operations = _operations(tools={"delete": "write"}, unlisted="deny")
    requirements = operations.of_message(method, params).requirements
    assert any(each.is_denied for each in requirements) == denied


@pytest.mark.parametrize("uri", ["notes://one/../all", "notes://one/%2e%2e/all", "x://./y"])
def test_uri_that_a_server_may_resolve_to_another_is_denied(uri: str) -> None:
    """If there are rules for resources."""
    operations = _operations(resources=RESOURCES)
    (requirement,) = operations.of_message("resources/read", {"uri": uri}).requirements
    assert requirement.is_denied
    assert not _operations().of_message("resources/read", {"uri": uri}).requirements


def test_names_that_differ_in_case_alone_may_both_be_listed() -> None:
    """Each is that of its own rule; a third spelling needs both."""
    operations = _operations(tools={"delete": "one", "Delete": "two"})
    for name, needed in (
        ("delete", "base one"),
        ("Delete", "base two"),
        ("DELETE", "base one two"),
    ):
        assert operations.of_message("tools/call", {"name": name}).challenge_scope == needed


def test_operation_without_any_scope_has_none_in_its_challenge() -> None:
    """Where roles alone are required."""
    operations = Operations(
        None, tools={"a": Requirement.of(roles=["ops"])}, resources={}, prompts={}, unlisted="allow"
    )
    assert operations.of_message("tools/call", {"name": "a"}).challenge_scope is None
    assert list(operations.challenge_scopes) == []


@pytest.mark.parametrize(
    ("rules", "error"),
    [
        ({"tools": ["delete"]}, "tools= maps names to scopes"),
        ({"prompts": {"a": ["x"]}}, "requires= takes one scope"),
        ({"resources": {"a": "x y"}}, "is no scope"),
        ({"unlisted": "no"}, "unlisted= is"),
    ],
)
def test_wrong_rule_is_refused(rules: dict[str, Any], error: str) -> None:
    """The text says what to write."""
    with pytest.raises(ConfigurationError, match=error):
        _operations(**rules)


def test_rules_exist_if_there_is_one_or_if_others_are_denied() -> None:
    """`requires=` alone needs no look at messages."""
    assert not _operations().has_rules
    assert _operations(unlisted="deny").has_rules
    assert _operations(resources={"a": "b"}).has_rules


@pytest.mark.parametrize(
    ("method", "params", "target"),
    [
        ("tools/call", {"name": "delete"}, ("tools/call", "delete", "tools")),
        ("prompts/get", {"name": "sum"}, ("prompts/get", "sum", "prompts")),
        ("resources/read", {"uri": "notes://all"}, ("resources/read", "notes://all", "resources")),
    ],
)
def test_policy_decides_about_the_method_and_the_name(
    method: str, params: dict[str, Any], target: tuple[str, str, str]
) -> None:
    """The resource has its kind as a property."""
    rule = Requirement.of(policy="notes")
    operations = Operations(
        None,
        tools={"delete": rule},
        resources={"notes://all": rule},
        prompts={"sum": rule},
        unlisted="allow",
    )
    ((requirement, found),) = operations.of_message(method, params).parts
    assert requirement == rule
    assert found == AccessTarget(target[0], target[1], {"kind": target[2]})
    assert list(operations.requirements) == [rule] * 3
