"""How a file looks: its size, its name, its first line, and where its test lies."""

import ast
from collections.abc import Collection, Iterator

from tests.tools.architecture.floors import FACE, FLOORS, KIT, room_of
from tests.tools.architecture.source import Module

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
WIDEST_FACE = 20
NAMES_THAT_SAY_NOTHING = {
    *("base", "common", "core", "helper", "helpers", "manager", "managers", "misc", "types"),
    *("util", "utils"),
}
UNTESTED_BY_NATURE = {"errors", "interfaces"}


def files_are_short(module: Module) -> Iterator[str]:
    """Rule 6: a file has at most 300 lines."""
    lines = len(module.text.splitlines())
    if lines > LONGEST_FILE:
        yield module.complain(
            lines, f"{lines} lines, at most {LONGEST_FILE}: find its two concepts"
        )


def functions_are_short(module: Module) -> Iterator[str]:
    """Rule 6: a function has at most 40 lines."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                mend = f"{node.name} has {lines} lines, at most {LONGEST_FUNCTION}: name its steps"
                yield module.complain(node.lineno, mend)


def files_are_named_for_what_they_give(module: Module) -> Iterator[str]:
    """Rule 7: no file or folder has a name that could hold anything."""
    for part in module.name.split("."):
        if part.removeprefix("test_") in NAMES_THAT_SAY_NOTHING:
            yield module.complain(1, f"{part} could hold anything: name it for what it gives")


def the_first_line_says_it(module: Module) -> Iterator[str]:
    """Rule 8: a file opens with one sentence that says what it gives."""
    first = (ast.get_docstring(module.tree) or "").partition("\n")[0]
    if not (first.endswith(".") and module.text.startswith(f'"""{first}')):
        yield module.complain(1, "open the file with a docstring of one sentence on its first line")


def packages_only_hand_names_on(module: Module) -> Iterator[str]:
    """Rule 13: an `__init__.py` holds a docstring, imports and `__all__`, and the face is small."""
    if not module.is_package:
        return
    imported: list[str] = []
    listed: list[str] | None = None
    for node in module.tree.body:
        if isinstance(node, ast.ImportFrom):
            imported += [alias.asname or alias.name for alias in node.names]
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            listed = ast.literal_eval(node.value)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            yield module.complain(node.lineno, "an __init__ only hands names on: move this")
    if sorted(imported) != sorted(listed or []):
        yield module.complain(1, "hand on exactly the names that __all__ lists")
    if listed and module.name == "oauth_guard":
        if listed != sorted(listed):
            yield module.complain(1, "sort the face")
        if len(listed) > WIDEST_FACE:
            yield module.complain(1, f"the face has {len(listed)} names, at most {WIDEST_FACE}")


def source_has_its_tests(module: Module, tests: Collection[str]) -> Iterator[str]:
    """Rule 17: each file that decides something has its test file at the same path."""
    room = room_of(module.name)
    if module.is_package or room in UNTESTED_BY_NATURE or room not in {*FLOORS, KIT} - {FACE}:
        return
    *folders, file = module.name.split(".")[1:]
    test = ".".join(["tests", "unit", *folders, f"test_{file}"])
    if test not in tests:
        yield module.complain(1, f"its tests belong in {test.replace('.', '/')}.py")
