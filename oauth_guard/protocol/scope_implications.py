"""ScopeImplications: which scopes a granted scope implies."""

from collections.abc import Iterable, Mapping

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.scopes import scope

__all__ = ["ScopeImplications"]

_NONE = frozenset[str]()


class ScopeImplications:
    """Which scopes a granted scope implies, directly and by way of others.

    Args:
        implied: Scopes, and the scopes that each implies: `{"files": ["files:read"]}`.
            None for none.

    Raises:
        ConfigurationError: A name is no scope, a list is written as one string, or a scope
            implies itself by way of others.
    """

    def __init__(self, implied: Mapping[str, Iterable[str]] | None) -> None:
        implied = {} if implied is None else implied
        if not isinstance(implied, Mapping):
            raise ConfigurationError(
                'scope_implies= maps scopes to lists: {"files": ["files:read"]}.'
            )
        direct = {name: _implied_names(name, names) for name, names in implied.items()}
        self._all = {name: frozenset(_reachable(name, direct)) for name in direct}
        for name, names in self._all.items():
            if name in names:
                raise ConfigurationError(f"scope_implies= is circular: {name!r} implies itself.")

    def of(self, granted: frozenset[str]) -> frozenset[str]:
        """Return every scope that *granted* implies."""
        if not self._all:
            return _NONE
        return _NONE.union(*(self._all[name] for name in self._all.keys() & granted))


def _implied_names(name: str, names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise ConfigurationError(
            f'scope_implies= takes lists: scope_implies={{"{name}": ["{names}"]}}.'
        )
    implied = tuple(names)
    scope(name, *implied)
    return implied


def _reachable(name: str, direct: Mapping[str, tuple[str, ...]]) -> set[str]:
    found: set[str] = set()
    waiting = [*direct[name]]
    while waiting:
        if (current := waiting.pop()) not in found:
            found.add(current)
            waiting += direct.get(current, ())
    return found
