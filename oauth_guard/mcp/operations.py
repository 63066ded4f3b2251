"""Operations: what each tool, resource and prompt of an MCP server requires of its caller."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from oauth_guard.errors import ConfigurationError
from oauth_guard.mcp.names import folded, folded_uri, has_dot_segments
from oauth_guard.protocol.access_target import AccessTarget
from oauth_guard.protocol.requirement import DENIED, Requirement, read_requirement
from oauth_guard.protocol.scopes import ScopeExpression

__all__ = [
    "METHODS_WITH_NAMES",
    "Kind",
    "Operation",
    "Operations",
    "Required",
    "Unlisted",
    "names_in",
]

Required: TypeAlias = str | ScopeExpression | Requirement
"""What a rule requires: a scope, an expression of scopes, or `Requirement.of(...)`."""

Kind: TypeAlias = Literal["tools", "resources", "prompts"]
Unlisted: TypeAlias = Literal["allow", "deny"]

_CALL = "tools/call"
_NAMED_BY: Mapping[str, tuple[Kind, str]] = {
    _CALL: ("tools", "name"),
    "prompts/get": ("prompts", "name"),
    "resources/read": ("resources", "uri"),
    "resources/subscribe": ("resources", "uri"),
    "resources/unsubscribe": ("resources", "uri"),
}
_REFERENCES: Mapping[str, tuple[Kind, str]] = {
    "ref/prompt": ("prompts", "name"),
    "ref/resource": ("resources", "uri"),
}
METHODS_WITH_NAMES = frozenset({*_NAMED_BY, "completion/complete", "subscriptions/listen"})
"""The methods of messages that name a tool, a resource or a prompt."""


class Operation(NamedTuple):
    """What one message requires in addition to `requires=`.

    Attributes:
        parts: What must be satisfied, each with what a policy decides about: the method of the
            message, and the name of the tool or prompt or the URI of the resource.
        base: What `requires=` requires.
    """

    parts: tuple[tuple[Requirement, AccessTarget], ...]
    base: Requirement | None

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """What must be satisfied."""
        return tuple(requirement for requirement, _ in self.parts)

    @property
    def challenge_scope(self) -> str | None:
        """The scopes of `requires=` and of the operation, for the challenge; None if none."""
        every = [self.base, *self.requirements] if self.base else [*self.requirements]
        scopes = [each.challenge_scope for each in every if each.challenge_scope is not None]
        return " ".join(dict.fromkeys(" ".join(scopes).split())) or None

    def scope_of_challenge(self, _: object) -> str | None:
        """Return `challenge_scope`, whatever the connection."""
        return self.challenge_scope


class Operations:
    """The rules of an MCP server: which scope each of its operations requires.

    Args:
        requires: What every request requires.
        tools: What calling a tool requires in addition, by its name.
        resources: Likewise for reading and watching a resource, by its URI or URI template. A URI
            that begins as a template does, up to its first expression, needs what the template
            requires, unless the URI itself is listed. A URI with the segments `.` or `..` is
            denied if there are rules.
        prompts: Likewise for a prompt, by its name. A name that differs from a listed one only in
            case, white space, percent-encoding or its form in Unicode requires the same.
        unlisted: Whether an operation without a rule requires `requires` alone, or is denied.

    Raises:
        ConfigurationError: A rule is no requirement, or *unlisted* is unknown.
    """

    def __init__(
        self,
        requires: Requirement | None,
        *,
        tools: Mapping[str, Required],
        resources: Mapping[str, Required],
        prompts: Mapping[str, Required],
        unlisted: Unlisted,
    ) -> None:
        if unlisted not in {"allow", "deny"}:
            raise ConfigurationError('unlisted= is "allow" or "deny".')
        self.requires = requires
        self._denies = unlisted == "deny"
        self.rules: Mapping[Kind, Mapping[str, Requirement]] = {
            "tools": _read("tools", tools),
            "resources": _read("resources", resources),
            "prompts": _read("prompts", prompts),
        }
        self._folded = {kind: _by_folded_name(kind, rules) for kind, rules in self.rules.items()}
        self._of_none = Operation((), requires)
        self._of_tools: Mapping[str, Operation] = {
            name: Operation(((rule, _target(_CALL, name, "tools")),), requires)
            for name, rule in self.rules["tools"].items()
        }
        self._prefixes = {
            folded_uri(name.partition("{")[0]): rule
            for name, rule in self.rules["resources"].items()
            if "{" in name
        }

    @property
    def has_rules(self) -> bool:
        """Whether any message requires more than `requires`."""
        return self._denies or any(self.rules.values())

    @property
    def requirements(self) -> Iterator[Requirement]:
        """Every requirement of a rule."""
        for rules in self.rules.values():
            yield from rules.values()

    @property
    def listed(self) -> Iterator[tuple[str, Requirement]]:
        """Each kind and name that a rule names, with its rule; and that all others are denied."""
        for kind, rules in self.rules.items():
            for name, requirement in rules.items():
                yield f"{kind} {name}", requirement
            if self._denies:
                yield f"{kind} *", DENIED

    @property
    def challenge_scopes(self) -> Iterator[str]:
        """Each scope that a challenge may name."""
        for rules in ({"": self.requires} if self.requires else {}, *self.rules.values()):
            for requirement in rules.values():
                yield from (requirement.challenge_scope or "").split()

    def of_message(self, method: object, params: object) -> Operation:
        """Return what the message with *method* and *params* requires in addition.

        Two messages that name the same listed tool, or that name nothing, have the same object.
        """
        if method == _CALL and type(params) is dict:
            name = params.get("name")
            if type(name) is str and name in self._of_tools:
                return self._of_tools[name]
        elif type(method) is str and method not in METHODS_WITH_NAMES:
            return self._of_none
        found = tuple(
            (requirement, _target(method, name, kind))
            for kind, name in names_in(method, params)
            for requirement in self._of_name(kind, name)
        )
        return Operation(found, self.requires) if found else self._of_none

    def _of_name(self, kind: Kind, name: object) -> Iterable[Requirement]:
        rules = self.rules[kind]
        if isinstance(name, str) and rules:
            if name in rules:
                return (rules[name],)
            if kind == "resources":
                if has_dot_segments(name):
                    return (DENIED,)
                uri = folded_uri(name)
                same = self._folded[kind].get(uri, [])
                starts = [rule for start, rule in self._prefixes.items() if uri.startswith(start)]
                found = same or starts
            else:
                found = self._folded[kind].get(folded(name), [])
            if found:
                return found
        return (DENIED,) if self._denies else ()


def _target(method: object, name: object, kind: Kind) -> AccessTarget:
    return AccessTarget(str(method), str(name), {"kind": kind})


def _by_folded_name(kind: Kind, rules: Mapping[str, Requirement]) -> dict[str, list[Requirement]]:
    found: dict[str, list[Requirement]] = {}
    for name, rule in rules.items():
        found.setdefault(folded_uri(name) if kind == "resources" else folded(name), []).append(rule)
    return found


def _read(setting: str, rules: Mapping[str, Required]) -> Mapping[str, Requirement]:
    if not isinstance(rules, Mapping):
        raise ConfigurationError(f'{setting}= maps names to scopes: {setting}={{"name": "scope"}}.')
    return {name: read_requirement(rule) or Requirement() for name, rule in rules.items()}


def names_in(method: object, params: object) -> Iterator[tuple[Kind, object]]:
    """Yield the kind and the name of each operation that a message uses; a name is any value."""
    members: Mapping[str, Any] = params if isinstance(params, Mapping) else {}
    if isinstance(method, str) and method in _NAMED_BY:
        kind, member = _NAMED_BY[method]
        yield kind, members.get(member)
    elif method == "completion/complete":
        reference = members.get("ref")
        if isinstance(reference, Mapping):
            for each, (kind, member) in _REFERENCES.items():
                if reference.get("type") == each:
                    yield kind, reference.get(member)
    elif method == "subscriptions/listen":
        chosen = members.get("notifications")
        watched = chosen.get("resourceSubscriptions") if isinstance(chosen, Mapping) else None
        if isinstance(watched, list):
            yield from (("resources", uri) for uri in watched)
