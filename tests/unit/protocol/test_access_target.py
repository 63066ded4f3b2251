"""target_of() and default_evaluation(): what a request is to a policy decision point."""

from types import SimpleNamespace
from typing import Any

import pytest

from oauth_guard.errors import InsufficientScope, InvalidRequest, Reason
from oauth_guard.protocol.access_evaluation import AccessEvaluation, Action, Entity
from oauth_guard.protocol.access_target import AccessTarget, default_evaluation, target_of
from oauth_guard.protocol.identity import Identity

CALLER = Identity(issuer="https://login.example.com", subject="alice")


def connection(**changes: Any) -> dict[str, Any]:
    """Return an ASGI connection with *changes*."""
    return {"type": "http", "method": "GET", "path": "/orders/42", **changes}


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        pytest.param({}, AccessTarget("GET", "/orders/42"), id="method and path"),
        pytest.param({"method": "HEAD"}, AccessTarget("GET", "/orders/42"), id="head"),
        pytest.param({"method": "DELETE"}, AccessTarget("DELETE", "/orders/42"), id="delete"),
        pytest.param({"method": "delete"}, AccessTarget("DELETE", "/orders/42"), id="lower case"),
        pytest.param({"method": "head"}, AccessTarget("GET", "/orders/42"), id="head, lower case"),
        pytest.param(
            {"method": "websocket"}, AccessTarget("other", "/orders/42"), id="no such method either"
        ),
        pytest.param({"type": "websocket"}, AccessTarget("WEBSOCKET", "/orders/42"), id="socket"),
        pytest.param(
            {"method": "WEBSOCKET"}, AccessTarget("other", "/orders/42"), id="no such method"
        ),
        pytest.param(
            {"root_path": "/orders", "query_string": b"a=b"},
            AccessTarget("GET", "/orders/42"),
            id="whole path, no query",
        ),
        pytest.param(
            {"route": SimpleNamespace(path="/orders/{id}"), "path_params": {"id": 42}},
            AccessTarget("GET", "/orders/42", {"route": "/orders/{id}", "params": {"id": "42"}}),
            id="route",
        ),
        pytest.param(
            {"path_template": "/orders/{id:int}", "path_params": {}},
            AccessTarget("GET", "/orders/42", {"route": "/orders/{id:int}"}),
            id="route of litestar",
        ),
        pytest.param({"route": object()}, AccessTarget("GET", "/orders/42"), id="no path"),
    ],
)
@pytest.mark.conformance("AZ-05")
def test_target_is_method_and_path(changes: dict[str, Any], target: AccessTarget) -> None:
    """With the route, once it is known."""
    assert target_of(connection(**changes)) == target


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"path": "/a/../b"}, id="dot segment"),
        pytest.param({"path": "/a//b"}, id="empty segment"),
        pytest.param({"path": "/a/b", "raw_path": b"/a%2fb"}, id="encoded slash"),
        pytest.param({"path": "/a;b"}, id="parameter"),
        pytest.param({"path": "/a\udc80"}, id="no text"),
        pytest.param({"path": ""}, id="empty"),
    ],
)
@pytest.mark.conformance("AZ-06")
def test_ambiguous_path_is_rejected(changes: dict[str, Any]) -> None:
    """The policy might decide about another path than the application serves."""
    with pytest.raises(InvalidRequest) as caught:
        target_of(connection(**changes))
    assert caught.value.reason == Reason.AMBIGUOUS_PATH


def test_default_evaluation_has_the_policy_as_type_of_the_resource() -> None:
    """And the API, since several may share a decision point."""
    target = AccessTarget("GET", "/orders/42", {"params": {"id": "42"}})
    subject = Entity(
        "user",
        "https://login.example.com#alice",
        {"issuer": "https://login.example.com", "subject": "alice", "scopes": []},
    )
    assert default_evaluation("order", CALLER, target, "https://api.test") == AccessEvaluation(
        subject,
        Action("GET"),
        Entity("order", "/orders/42", {"params": {"id": "42"}, "resource": "https://api.test"}),
    )


@pytest.mark.parametrize("name", ["\ud800", ""], ids=["lone surrogate", "empty"])
def test_target_that_is_no_text_is_rejected(name: str) -> None:
    """The name of a tool comes from the caller too."""
    with pytest.raises(InvalidRequest):
        default_evaluation("tool", CALLER, AccessTarget("tools/call", name), "https://api.test")


def test_caller_without_a_name_is_not_evaluated() -> None:
    """See `default_subject`."""
    unnamed = Identity(issuer="https://login.example.com")
    with pytest.raises(InsufficientScope):
        default_evaluation("order", unnamed, AccessTarget("GET", "/"), "https://api.test")
