"""The layout of a file: its size, its name, its first line, and the place of its tests."""

import ast
from collections.abc import Collection, Iterator

from tests.tools.architecture.layers import KIT, LAYERS, ROOT, package_of
from tests.tools.architecture.source import Module

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
MAX_PUBLIC_NAMES = 20
VAGUE_NAMES = {
    *("base", "common", "core", "helper", "helpers", "manager", "managers", "misc", "types"),
    *("util", "utils"),
}
WITHOUT_TEST_FILE = {"errors", "interfaces"}


def files_are_short(module: Module) -> Iterator[str]:
    """A file has at most 300 lines."""
    lines = len(module.text.splitlines())
    if lines > MAX_FILE_LINES:
        yield module.complain(
            lines, f"{lines} lines, at most {MAX_FILE_LINES}: split it by concept"
        )


def functions_are_short(module: Module) -> Iterator[str]:
    """A function has at most 40 lines."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                complaint = (
                    f"{node.name} has {lines} lines, at most {MAX_FUNCTION_LINES}: extract a step"
                )
                yield module.complain(node.lineno, complaint)


def names_are_specific(module: Module) -> Iterator[str]:
    """No file or folder has a name that fits any content."""
    for part in module.name.split("."):
        if part.removeprefix("test_") in VAGUE_NAMES:
            yield module.complain(1, f"{part} fits any content: name it for what it provides")


def first_line_is_a_sentence(module: Module) -> Iterator[str]:
    """A file opens with one sentence, the first line of its docstring."""
    first = (ast.get_docstring(module.tree) or "").partition("\n")[0]
    if not (first.endswith(".") and module.text.startswith(f'"""{first}')):
        yield module.complain(1, "open the file with a docstring of one sentence on its first line")


def packages_only_reexport(module: Module) -> Iterator[str]:
    """`__init__.py` only re-exports; the root has a version and at most 20 public names."""
    if not module.is_package:
        return
    imported: list[str] = []
    listed: list[str] | None = None
    for node in module.tree.body:
        if isinstance(node, ast.ImportFrom):
            imported += [alias.asname or alias.name for alias in node.names]
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            listed = ast.literal_eval(node.value)
        elif not _is_docstring_or_version(node, module):
            yield module.complain(node.lineno, "an __init__ only re-exports: move this")
    if sorted(imported) != sorted(listed or []):
        yield module.complain(1, "import exactly the names that __all__ lists")
    if listed and module.name == "oauth_guard":
        if listed != sorted(listed):
            yield module.complain(1, "sort __all__")
        if len(listed) > MAX_PUBLIC_NAMES:
            yield module.complain(1, f"{len(listed)} public names, at most {MAX_PUBLIC_NAMES}")


def _is_docstring_or_version(node: ast.stmt, module: Module) -> bool:
    if module.name == "oauth_guard" and ast.unparse(node).startswith("__version__ = "):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def source_has_a_test_file(module: Module, tests: Collection[str]) -> Iterator[str]:
    """Each module has a test file at the same path under tests/unit/."""
    package = package_of(module.name)
    layered = package in {*LAYERS, KIT} - {ROOT}
    if module.is_package or package in WITHOUT_TEST_FILE or not layered:
        return
    *folders, file = module.name.split(".")[1:]
    test = ".".join(["tests", "unit", *folders, f"test_{file}"])
    if test not in tests:
        yield module.complain(1, f"its tests belong in {test.replace('.', '/')}.py")
