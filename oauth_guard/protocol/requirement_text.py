"""describe(): what a requirement requires, in words."""

from typing import Any

from oauth_guard.protocol.requirement import Requirement

__all__ = ["describe"]

_VALUES = ("roles", "groups", "entitlements", "binding", "acr", "max_age", "actor", "policy")
_FLAGS = ("users_only", "introspect", "details")


def describe(requirement: Requirement) -> str:
    """Return what *requirement* requires besides a valid token; empty if it requires nothing."""
    if requirement.is_denied:
        return "denied"
    texts = [requirement.challenge_scope or ""]
    values = {name: getattr(requirement, name) for name in _VALUES}
    texts += [f"{name}={_value(value)}" for name, value in values.items() if value]
    texts += [name for name in _FLAGS if getattr(requirement, name)]
    return " ".join(filter(None, texts))


def _value(value: Any) -> str:
    return str(value) if isinstance(value, str | int) else "|".join(sorted(map(str, value)))
