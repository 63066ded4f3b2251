"""Rules about the import graph: no cycles, and no optional library behind the root package."""

from collections.abc import Iterator, Sequence

from tests.tools.architecture.layers import OPTIONAL
from tests.tools.architecture.source import Module


def no_import_cycles(modules: Sequence[Module]) -> Iterator[str]:
    """No module imports itself, directly or through others; imports for types count."""
    graph = _graph(modules)
    for name in sorted(graph):
        if name in _reached(graph, name):
            yield f"{name} imports itself in a cycle: move what both modules use to a lower layer"


def root_needs_no_optional_library(modules: Sequence[Module]) -> Iterator[str]:
    """`import oauth_guard` works without any optional library."""
    by_name = {module.name: module for module in modules}
    for name in sorted({"oauth_guard", *_reached(_graph(modules), "oauth_guard")}):
        for each in by_name[name].imports:
            if each.library in OPTIONAL:
                yield f"{name} is loaded by oauth_guard and imports the optional {each.library}"


def _graph(modules: Sequence[Module]) -> dict[str, set[str]]:
    """Return the modules that each module imports."""
    names = {module.name for module in modules}
    return {
        module.name: {_module_of(each.target, names) for each in module.imports} & names
        for module in modules
    }


def _module_of(target: str, names: set[str]) -> str:
    """Return *target* if it is a module, else the module that contains it."""
    return target if target in names else target.rpartition(".")[0]


def _reached(graph: dict[str, set[str]], start: str) -> set[str]:
    """Return every module that *start* imports, directly or through others."""
    reached: set[str] = set()
    remaining = set(graph.get(start, ()))
    while remaining:
        name = remaining.pop()
        reached.add(name)
        remaining |= graph.get(name, set()) - reached
    return reached
