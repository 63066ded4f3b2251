"""AccessEvaluation: a request to a policy decision point, and its decision (AuthZEN 1.0 §5, §6)."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from oauth_guard.errors import InsufficientScope, Reason
from oauth_guard.jose.frozen import FrozenDict
from oauth_guard.protocol.identity import Identity

__all__ = ["AccessEvaluation", "Action", "Decision", "Entity", "default_subject", "read_decision"]

_EXPLAINING = ("id", "reason", "reason_admin")  # members of a context that operators read
_MAX_TEXT, _MAX_TEXTS = 200, 3
_UNPRINTABLE = re.compile(r"[^ -~]")
_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Entity:
    """A subject or a resource (AuthZEN 1.0 §5.1, §5.2).

    Attributes:
        type: Its type.
        id: Its identifier, unique within the type.
        properties: Further attributes, as JSON values.
    """

    type: str
    id: str = field(repr=False)
    properties: Mapping[str, Any] = field(default_factory=FrozenDict, repr=False)

    def members(self) -> dict[str, Any]:
        """Return the members of its JSON object."""
        return {"type": _text(self.type), "id": _text(self.id), **_properties(self.properties)}


@dataclass(frozen=True, slots=True)
class Action:
    """What the subject wants to do (AuthZEN 1.0 §5.3).

    Attributes:
        name: Its name.
        properties: Further attributes, as JSON values.
    """

    name: str
    properties: Mapping[str, Any] = field(default_factory=FrozenDict, repr=False)

    def members(self) -> dict[str, Any]:
        """Return the members of its JSON object."""
        return {"name": _text(self.name), **_properties(self.properties)}


@dataclass(frozen=True, slots=True)
class AccessEvaluation:
    """Whether *subject* may do *action* on *resource*, in a *context* (AuthZEN 1.0 §6.1).

    Its `repr` has no identifier and no property, so it is safe to log.
    """

    subject: Entity
    action: Action
    resource: Entity
    context: Mapping[str, Any] = field(default_factory=FrozenDict, repr=False)

    def to_json(self) -> bytes:
        """Return the request as JSON. Equal requests have equal bytes.

        Raises:
            ValueError: A type, identifier or name is empty or no text, or a value is not JSON
                (RFC 7493): a lone surrogate, say, or a number that is not finite.
            TypeError: A value has no form in JSON.
        """
        members: dict[str, Any] = {
            "subject": self.subject.members(),
            "action": self.action.members(),
            "resource": self.resource.members(),
        }
        if self.context:
            members["context"] = dict(self.context)
        # Without escapes, since an escaped lone surrogate would be sent; encoding rejects it.
        written = json.dumps(
            members, allow_nan=False, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return written.encode()

    def texts(self) -> Iterator[str]:
        """Yield each text and number about the subject, which no log line may contain."""
        yield self.subject.id
        yield from _texts_in(self.subject.properties, numbers=True)


class Decision(NamedTuple):
    """What a policy decision point has decided.

    Attributes:
        reason: None if access is permitted, else why it is not.
        explanation: What the decision point writes about it for operators; not for the caller.
    """

    reason: Reason | None
    explanation: str = ""


def default_subject(identity: Identity) -> Entity:
    """Return the subject that *identity* is: its issuer and its subject, or client, in one name.

    The first `#` ends the issuer, in which `#` is written as `%23` and `%` as `%25`. The type is
    `user`, `client` for a client that acts for itself, or `api_key`. The properties are issuer,
    subject, client, scopes and the party that acts for the subject (RFC 8693 §4.1). No other
    claim is among them.

    Raises:
        InsufficientScope: The token names neither a user nor a client.
    """
    kind, issuer = identity.kind, identity.issuer or ""
    name = identity.subject
    if kind == "client":
        name = identity.client_id or name
    if not name:  # its kind is unknown, or it is an API key without an owner
        raise InsufficientScope(Reason.NO_SUBJECT)
    actor = identity.actor
    properties = {
        "issuer": issuer,
        "subject": identity.subject,
        "client_id": identity.client_id,
        "scopes": sorted(identity.scopes),
        "actor": None if actor is None else _present(issuer=actor.issuer, subject=actor.subject),
    }
    owner = issuer.replace("%", "%25").replace("#", "%23")
    return Entity(kind, f"{owner}#{name}", _present(**properties))


def read_decision(members: Mapping[str, Any], evaluation: AccessEvaluation) -> Decision:
    """Return the decision in the *members* of a response to *evaluation* (AuthZEN 1.0 §5.5).

    Unknown members are ignored (§10.1.1). A permission under `obligations` is a denial, since
    none of them is performed here: version 1.1 of the standard requires that. No text about the
    subject is in the explanation.

    Raises:
        ValueError: `decision` is not a boolean, or `context` is not an object.
    """
    permitted, context = members.get("decision"), members.get("context")
    if not (isinstance(permitted, bool) and isinstance(context, dict | None)):
        raise ValueError("no boolean decision")  # noqa: TRY004 - of a document, not an argument
    obligations = None if context is None else context.get("obligations")
    if not permitted:
        return Decision(Reason.POLICY_DENIED, _explanation(context or {}, evaluation))
    if obligations is not None and obligations != []:
        return Decision(Reason.POLICY_OBLIGATION)
    return Decision(None)


def _explanation(context: Mapping[str, Any], evaluation: AccessEvaluation) -> str:
    """Return the reasons of a *context* that are for operators, on one line."""
    found = {name: list(_texts_in(context.get(name)))[:_MAX_TEXTS] for name in _EXPLAINING}
    hidden = sorted(filter(None, evaluation.texts()), key=len, reverse=True)
    parts = [f"{name} {_shown(each, hidden)}" for name, texts in found.items() for each in texts]
    return ", ".join(parts)


def _shown(text: str, hidden: list[str]) -> str:
    for each in hidden:
        text = text.replace(each, _HIDDEN)
    return _UNPRINTABLE.sub("?", text[:_MAX_TEXT])


def _texts_in(value: Any, *, numbers: bool = False) -> Iterator[str]:
    """Yield each text in a JSON value, all the way down; with *numbers* these as text too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts_in(each, numbers=numbers)
    elif numbers and isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a type, identifier or name is empty or no text")
    return value


def _properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"properties": dict(properties)} if properties else {}


def _present(**members: Any) -> dict[str, Any]:
    """Return the *members* that are not None: null is left out (AuthZEN 1.0 §11.5)."""
    return {name: value for name, value in members.items() if value is not None}
