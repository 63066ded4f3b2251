"""docs/contributing.md: its table of layers lists every module and package of the library."""

import re

from tests.tools.architecture.source import CHECKOUT

_LIBRARY = CHECKOUT / "oauth_guard"


def test_table_of_layers_lists_every_module_and_package_once() -> None:
    """A package is written with a slash at its end."""
    page = (CHECKOUT / "docs" / "contributing.md").read_text(encoding="utf-8")
    _, _, section = page.partition("\n## Layers\n")
    rows = re.findall(r"^\| [^|`]+ \| (`[^|]+`) \|", section.partition("\n## ")[0], re.MULTILINE)
    listed = [name for row in rows for name in re.findall(r"`([\w/]+)`", row)]
    modules = [path.stem for path in _LIBRARY.glob("*.py")]
    packages = [f"{path.parent.name}/" for path in _LIBRARY.glob("*/__init__.py")]
    assert sorted(listed) == sorted(modules + packages)
