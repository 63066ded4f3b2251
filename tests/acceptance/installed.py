"""missing_modules(): the installed modules that a list of requirements would not install."""

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

#: Measures coverage in subprocesses of the suite.
_OF_THE_SUITE = {"coverage"}


def missing_modules(requirements: Iterable[str]) -> set[str]:
    """Return the top-level modules of this environment that *requirements* do not need."""
    needed = _closure(requirements)
    return {
        module
        for module, distributions in packages_distributions().items()
        if not needed & {canonicalize_name(each) for each in distributions}
    }


def _closure(requirements: Iterable[str]) -> set[str]:
    """Return the names of *requirements* and of all that they require in turn."""
    found: set[tuple[str, frozenset[str]]] = set()
    remaining = [Requirement(text) for text in requirements]
    while remaining:
        one = remaining.pop()
        key = (canonicalize_name(one.name), frozenset(one.extras))
        if key in found:
            continue
        found.add(key)
        for text in _requirements_of(one.name):
            other = Requirement(text)
            extras = one.extras or {""}
            if not other.marker or any(other.marker.evaluate({"extra": each}) for each in extras):
                remaining.append(other)
    return _OF_THE_SUITE | {name for name, _ in found}


def _requirements_of(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:  # for another platform
        return []
