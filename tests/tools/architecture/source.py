"""A module as the rules read it: its name, its text, its syntax tree and its imports."""

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Import:
    """One imported name: its full name, the name it is bound to, and where it is imported."""

    target: str
    bound: str
    line: int
    at_top: bool

    @property
    def library(self) -> str:
        """The top-level package of the imported name."""
        return self.target.partition(".")[0]


@dataclass(frozen=True)
class Module:
    """One Python file; `name` is its import name."""

    name: str
    text: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every import, including those inside functions and conditions."""
        at_top = set(map(id, self.tree.body))
        return tuple(
            Import(f"{package}{alias.name}", alias.asname or alias.name, alias.lineno, top)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for package, top in [(self._package(node), id(node) in at_top)]
            for alias in node.names
        )

    def _package(self, node: ast.Import | ast.ImportFrom) -> str:
        """Return the prefix of the names that *node* imports, with a trailing dot."""
        if isinstance(node, ast.Import):
            return ""
        parts = self.name.split(".")
        parents = parts[: len(parts) - node.level + self.is_package] if node.level else []
        return "".join(f"{part}." for part in [*parents, *filter(None, [node.module])])

    def complain(self, line: int, fix: str) -> str:
        """Return a complaint about *line* that says how to fix it."""
        return f"{self.name}:{line}: {fix}"


def modules_of(package: str) -> list[Module]:
    """Return every module of the top-level *package* of this checkout."""
    return [_read(path) for path in sorted((CHECKOUT / package).rglob("*.py"))]


def _read(path: Path) -> Module:
    parts = path.relative_to(CHECKOUT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    return Module(name, path.read_text(encoding="utf-8"), is_package)
