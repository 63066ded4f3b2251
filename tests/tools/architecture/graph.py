"""What the imports of all modules together say: no circles, and what a bare install can load."""

from collections.abc import Iterator, Sequence

from tests.tools.architecture.floors import OPTIONAL
from tests.tools.architecture.source import Module


def no_circles(modules: Sequence[Module]) -> Iterator[str]:
    """Rule 2: no module reaches itself, counting imports for types alone."""
    graph = _graph(modules)
    for name in sorted(graph):
        if name in _reached(graph, name):
            yield f"{name} imports itself in a circle: move what both need a floor down"


def the_face_needs_nothing_optional(modules: Sequence[Module]) -> Iterator[str]:
    """Rule 14: what the face hands on loads without any extra."""
    by_name = {module.name: module for module in modules}
    for name in sorted({"oauth_guard", *_reached(_graph(modules), "oauth_guard")}):
        for each in by_name[name].imports:
            if each.library in OPTIONAL:
                yield f"{name} is loaded by the face and needs {each.library}, which is optional"


def _graph(modules: Sequence[Module]) -> dict[str, set[str]]:
    """Return the modules that each module imports."""
    names = {module.name for module in modules}
    return {
        module.name: {_module_of(each.target, names) for each in module.imports} & names
        for module in modules
    }


def _module_of(target: str, names: set[str]) -> str:
    """Return the module that *target* is, or is taken from."""
    return target if target in names else target.rpartition(".")[0]


def _reached(graph: dict[str, set[str]], start: str) -> set[str]:
    """Return every module that the imports of *start* lead to."""
    reached: set[str] = set()
    ahead = set(graph.get(start, ()))
    while ahead:
        name = ahead.pop()
        reached.add(name)
        ahead |= graph.get(name, set()) - reached
    return reached
