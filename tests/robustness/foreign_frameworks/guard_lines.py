"""lines_of_guard(): how many lines of an application are there for its guard."""

import ast

_PACKAGE = "oauth_guard"
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def lines_of_guard(text: str) -> int:
    """Return how many lines of the module *text* are there for the guard.

    These are the lines that name something of `oauth_guard`, or what was made of it; an `if` whose
    condition does so, with its body; and functions and classes that are written for it and used
    by routes. Lines that only read the caller from the connection do not count.
    """
    module = ast.parse(text)
    names = _imported(module)
    helpers: set[str] = set()
    for statement in module.body:
        if isinstance(statement, ast.Assign) and _uses(statement.value, names):
            names |= {each.id for each in statement.targets if isinstance(each, ast.Name)} - {"app"}
        elif isinstance(statement, _Definition) and _is_helper(statement, module, names):
            helpers.add(statement.name)
    helpers |= _parts_of(module, helpers)
    lines: set[int] = set()
    for node in ast.walk(module):
        whole = isinstance(node, _Definition) and node.name in helpers
        if whole or (isinstance(node, ast.If) and _uses(node.test, names)):
            lines |= _lines(node)
        elif _names_guard(node, names | helpers):
            lines |= {node.lineno} if isinstance(node, ast.Name | ast.Constant) else _lines(node)
    return len(lines)


def _imported(module: ast.Module) -> set[str]:
    return {
        alias.asname or alias.name
        for node in module.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_PACKAGE)
        for alias in node.names
    }


def _is_helper(statement: _Definition, module: ast.Module, names: set[str]) -> bool:
    """Return whether a definition uses *names*, is used elsewhere, and returns no caller itself."""
    if any(
        isinstance(each, ast.Constant) and each.value == "caller" for each in ast.walk(statement)
    ):
        return False
    others = [each for each in module.body if each is not statement]
    used = any(_uses(other, {statement.name}) for other in others)
    decorated = any(True for _ in statement.decorator_list)
    return used and not decorated and any(_uses(each, names) for each in statement.body)


def _parts_of(module: ast.Module, helpers: set[str]) -> set[str]:
    """Return the definitions that only helpers use, and those that handle such a class."""
    bodies = [each for each in module.body if isinstance(each, _Definition)]
    inside = [each for each in bodies if each.name in helpers]
    parts = {
        each.name
        for each in bodies
        if isinstance(each, ast.ClassDef) and any(_uses(one, {each.name}) for one in inside)
    }
    handlers = {
        each.name
        for each in bodies
        if any(_uses(decorator, parts) for decorator in each.decorator_list)
    }
    return parts | handlers


def _uses(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(each, ast.Name) and each.id in names for each in ast.walk(node))


def _names_guard(node: ast.AST, names: set[str]) -> bool:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").startswith(_PACKAGE)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and node.value.startswith(f"{_PACKAGE}.")
    return isinstance(node, ast.Name) and node.id in names


def _lines(node: ast.AST) -> set[int]:
    if not isinstance(node, ast.stmt):
        return set()
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
