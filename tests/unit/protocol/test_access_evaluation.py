"""AccessEvaluation: what is sent to a policy decision point, and how its decision is read."""

import json
from typing import Any

import pytest

from oauth_guard.errors import InsufficientScope, Reason
from oauth_guard.jose.frozen import FrozenDict
from oauth_guard.protocol.access_evaluation import (
    AccessEvaluation,
    Action,
    Decision,
    Entity,
    default_subject,
    read_decision,
)
from oauth_guard.protocol.identity import ANONYMOUS, Identity

ISSUER = "https://login.example.com"
NO_BOOLEANS: list[Any] = [1, 0, "true", "True", None, [True], {}, 1.0]
EVALUATION = AccessEvaluation(
    Entity(
        "user",
        "alice",
        {
            "mail": "alice@example.com",
            "groups": ["sales", "alice-friends"],
            "number": 4711,
            "active": True,
        },
    ),
    Action("GET"),
    Entity("order", "/orders/42"),
)


def identity(**changes: Any) -> Identity:
    """Return a caller with *changes*."""
    return Identity(**{"issuer": ISSUER, "subject": "alice", "client_id": "app", **changes})


@pytest.mark.conformance("AZ-01", "AZ-02")
def test_evaluation_is_written_as_one_json_object() -> None:
    """Members that are empty are left out, and the order of members does not matter."""
    one = AccessEvaluation(
        Entity("user", "älice", {"b": 1, "a": None}),
        Action("GET", {"x": [True]}),
        Entity("order", "42"),
        {"time": 1.5},
    )
    other = AccessEvaluation(
        Entity("user", "älice", {"a": None, "b": 1}),
        Action("GET", {"x": (True,)}),
        Entity("order", "42", {}),
        FrozenDict({"time": 1.5}),
    )
    assert one.to_json() == other.to_json()
    assert json.loads(one.to_json()) == {
        "subject": {"type": "user", "id": "älice", "properties": {"a": None, "b": 1}},
        "action": {"name": "GET", "properties": {"x": [True]}},
        "resource": {"type": "order", "id": "42"},
        "context": {"time": 1.5},
    }


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"subject": Entity("", "a")}, id="no type"),
        pytest.param({"subject": Entity("user", "")}, id="no identifier"),
        pytest.param({"resource": Entity("order", 42)}, id="a number"),  # type: ignore[arg-type]
        pytest.param({"action": Action("")}, id="no name"),
        pytest.param({"context": {"x": float("nan")}}, id="no number"),
        pytest.param({"context": {"x": "\ud800"}}, id="a lone surrogate"),
        pytest.param({"context": {"x": {1}}}, id="a set"),
    ],
)
@pytest.mark.conformance("AZ-03")
def test_evaluation_that_is_not_json_is_not_written(wrong: dict[str, Any]) -> None:
    """So nothing is sent that two parsers might read differently."""
    parts = {"subject": EVALUATION.subject, "action": Action("GET"), "resource": Entity("a", "b")}
    with pytest.raises((TypeError, ValueError)):
        AccessEvaluation(**{**parts, **wrong}).to_json()


def test_repr_of_evaluation_has_no_identifier() -> None:
    """It may be in a log."""
    text = repr(EVALUATION)
    assert "alice" not in text
    assert "42" not in text


@pytest.mark.parametrize(
    ("changes", "kind", "name"),
    [
        pytest.param({}, "user", f"{ISSUER}#alice", id="user"),
        pytest.param({"subject": "a#b"}, "user", f"{ISSUER}#a#b", id="a hash in the subject"),
        pytest.param({"issuer": "a#b%"}, "user", "a%23b%25#alice", id="a hash in the issuer"),
        pytest.param({"subject": "app"}, "client", f"{ISSUER}#app", id="client"),
        pytest.param({"subject": None}, "client", f"{ISSUER}#app", id="client without subject"),
        pytest.param(
            {"subject": "app@clients", "is_client_token": True},
            "client",
            f"{ISSUER}#app",
            id="client by the rules of its issuer",
        ),
        pytest.param(
            {"client_id": None, "is_client_token": True}, "client", f"{ISSUER}#alice", id="no id"
        ),
        pytest.param({"is_api_key": True}, "api_key", f"{ISSUER}#alice", id="api key"),
    ],
)
@pytest.mark.conformance("AZ-04")
def test_subject_is_named_by_its_issuer_and_subject(
    changes: dict[str, Any], kind: str, name: str
) -> None:
    """So no two callers of two issuers, and no user and client, are one subject."""
    subject = default_subject(identity(**changes))
    assert (subject.type, subject.id) == (kind, name)


def test_properties_of_subject_are_those_that_name_it() -> None:
    """No other claim of the token is sent, and nothing that is absent."""
    claims = FrozenDict({"email": "a@example.com", "act": FrozenDict({"sub": "gateway"})})
    caller = identity(scopes=frozenset({"write", "read"}), claims=claims)
    assert default_subject(caller).properties == {
        "issuer": ISSUER,
        "subject": "alice",
        "client_id": "app",
        "scopes": ["read", "write"],
        "actor": {"subject": "gateway"},
    }
    assert default_subject(identity(client_id=None)).properties == {
        "issuer": ISSUER,
        "subject": "alice",
        "scopes": [],
    }


@pytest.mark.parametrize(
    "caller",
    [
        pytest.param(identity(subject=None, client_id=None), id="no name"),
        pytest.param(
            identity(subject=None, claims=FrozenDict({"email": "a@example.com"})), id="unclear"
        ),
        pytest.param(identity(subject="", is_api_key=True), id="an empty name"),
        pytest.param(ANONYMOUS, id="anonymous"),
    ],
)
def test_caller_without_a_name_has_no_subject(caller: Identity) -> None:
    """It is rejected, since a policy could not tell it from others."""
    with pytest.raises(InsufficientScope) as caught:
        default_subject(caller)
    assert caught.value.reason == Reason.NO_SUBJECT


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        pytest.param({"decision": True}, None, id="permitted"),
        pytest.param({"decision": True, "context": {"id": "1"}}, None, id="with a context"),
        pytest.param({"decision": True, "context": None}, None, id="null is absent"),
        pytest.param({"decision": True, "other": [1]}, None, id="unknown members"),
        pytest.param({"decision": True, "context": {"obligations": []}}, None, id="none"),
        pytest.param({"decision": False}, Reason.POLICY_DENIED, id="denied"),
        pytest.param(
            {"decision": False, "context": {"obligations": [{"id": "1"}]}},
            Reason.POLICY_DENIED,
            id="denied under obligations",
        ),
        pytest.param(
            {"decision": True, "context": {"obligations": [{"id": "1"}]}},
            Reason.POLICY_OBLIGATION,
            id="an obligation",
        ),
        pytest.param(
            {"decision": True, "context": {"obligations": "log"}},
            Reason.POLICY_OBLIGATION,
            id="obligations of another type",
        ),
    ],
)
@pytest.mark.conformance("AZ-08", "AZ-09", "AZ-10")
def test_decision_is_the_boolean_of_the_response(
    members: dict[str, Any], reason: Reason | None
) -> None:
    """A permission under an obligation is none."""
    assert read_decision(members, EVALUATION) == Decision(reason)


@pytest.mark.parametrize(
    "members",
    [
        *[{"decision": each} for each in NO_BOOLEANS],
        {},
        {"Decision": True},
        {"decision": True, "context": "text"},
        {"decision": False, "context": []},
        {"decision": True, "context": False},
    ],
    ids=str,
)
@pytest.mark.conformance("AZ-07")
def test_response_without_a_boolean_is_no_decision(members: dict[str, Any]) -> None:
    """Neither permission nor denial."""
    with pytest.raises(ValueError, match="boolean"):
        read_decision(members, EVALUATION)


@pytest.mark.parametrize(
    ("context", "text"),
    [
        pytest.param({"id": "C0"}, "id C0", id="id"),
        pytest.param({"reason": "closed"}, "reason closed", id="reason"),
        pytest.param(
            {"reason_admin": {"403": "policy C0"}, "reason_user": {"403": "sorry"}},
            "reason_admin policy C0",
            id="for administrators only",
        ),
        pytest.param(
            {"reason": [{"en": "a"}, "b", "c", "d"]}, "reason a, reason b, reason c", id="few"
        ),
        pytest.param({"reason": "a\nb\x1b[0mü"}, "reason a?b?[0m?", id="one line"),
        pytest.param({"reason": "x" * 999}, f"reason {'x' * 200}", id="short"),
        pytest.param(
            {"reason": "alice@example.com, alice and sales, 4711: True"},
            "reason ***, *** and ***, ***: True",
            id="nothing about the subject",
        ),
        pytest.param({"reason": 1, "other": "text"}, "", id="nothing"),
    ],
)
@pytest.mark.conformance("AZ-11")
def test_explanation_is_the_reasons_without_the_subject(context: dict[str, Any], text: str) -> None:
    """It is for the log of the operator."""
    members = {"decision": False, "context": context}
    assert read_decision(members, EVALUATION) == Decision(Reason.POLICY_DENIED, text)


def test_text_of_many_names_is_shortened_after_they_are_hidden() -> None:
    """A name at the limit is not cut in two, so no part of it remains."""
    members = {"decision": False, "context": {"reason": "x" * 196 + "alice"}}
    assert "ali" not in read_decision(members, EVALUATION).explanation
