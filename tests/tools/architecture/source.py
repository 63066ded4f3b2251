"""A module as the rules see it: its name, its lines, its syntax tree and its imports."""

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Import:
    """One imported name, written in full, the name it gets here, and where it is imported."""

    target: str
    bound: str
    line: int
    at_top: bool

    @property
    def library(self) -> str:
        """The top-level package that the name comes from."""
        return self.target.partition(".")[0]


@dataclass(frozen=True)
class Module:
    """One Python file, named as it is imported."""

    name: str
    text: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every import, also those inside functions and conditions."""
        at_top = set(map(id, self.tree.body))
        return tuple(
            Import(f"{package}{alias.name}", alias.asname or alias.name, alias.lineno, top)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for package, top in [(self._package(node), id(node) in at_top)]
            for alias in node.names
        )

    def _package(self, node: ast.Import | ast.ImportFrom) -> str:
        """Return what the names of *node* are taken from, with its dot."""
        if isinstance(node, ast.Import):
            return ""
        parts = self.name.split(".")
        around = parts[: len(parts) - node.level + self.is_package] if node.level else []
        return "".join(f"{part}." for part in [*around, *filter(None, [node.module])])

    def complain(self, line: int, mend: str) -> str:
        """Return a complaint about *line* that says how to *mend* it."""
        return f"{self.name}:{line}: {mend}"


def modules_of(package: str) -> list[Module]:
    """Return every module of the top-level *package* of this checkout."""
    return [_read(path) for path in sorted((CHECKOUT / package).rglob("*.py"))]


def _read(path: Path) -> Module:
    parts = path.relative_to(CHECKOUT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    return Module(name, path.read_text(encoding="utf-8"), is_package)
