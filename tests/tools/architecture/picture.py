"""python -m tests.tools.architecture.picture: draw the modules in their layers as an SVG."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from tests.tools.architecture.layers import LAYERS, package_of
from tests.tools.architecture.source import Module, modules_of

PICTURE = Path(__file__).parents[3] / "docs" / "pictures" / "architecture.svg"

_WIDTH, _BOX, _TALL, _GAP, _PER_ROW = 980, 180, 28, 10, 5
_TOP, _LEFT = 40, 20
_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" \
aria-label="{label}" font-family="system-ui, sans-serif" font-size="12">
<rect width="{width}" height="{height}" fill="#ffffff"/>
<text x="20" y="24" fill="#1b1f2e">{label}</text>
"""
_LABEL = "Modules of oauth_guard. Each imports only from rows below its own."


def picture() -> str:
    """Return the picture of the modules as they are in the tree."""
    imports = imports_of(modules_of("oauth_guard"))
    rows = _rows({name: LAYERS[name] for name in imports})
    height = _TOP + len(rows) * (_TALL + _GAP)
    parts = [_HEAD.format(width=_WIDTH, height=height, label=_LABEL)]
    for number, (level, names) in enumerate(rows):
        y = _TOP + number * (_TALL + _GAP)
        parts += [
            _box(name, _LEFT + column * (_BOX + _GAP), y, level)
            for column, name in enumerate(names)
        ]
    return "".join([*parts, "</svg>\n"])


def imports_of(modules: Sequence[Module]) -> dict[str, set[str]]:
    """Return the packages and modules at the top, each with those that it imports."""
    found: dict[str, set[str]] = defaultdict(set)
    for module in modules:
        name = package_of(module.name)
        targets = {package_of(each.target) for each in module.imports if _is_ours(each.target)}
        found[name] |= (targets & set(LAYERS)) - {name}
    return {name: found[name] for name in sorted(found) if name in LAYERS}


def _is_ours(target: str) -> bool:
    return target.partition(".")[0] == "oauth_guard"


def _rows(levels: Mapping[str, int]) -> list[tuple[int, list[str]]]:
    """Return the names of each layer from the highest, at most five in a row."""
    rows = []
    for level in sorted(set(levels.values()), reverse=True):
        names = [name for name in levels if levels[name] == level]
        rows += [
            (level, names[start : start + _PER_ROW]) for start in range(0, len(names), _PER_ROW)
        ]
    return rows


def _box(name: str, x: int, y: int, level: int) -> str:
    shade = "#eef0fb" if level % 2 else "#f5f6fa"
    return (
        f'<g><rect x="{x}" y="{y}" width="{_BOX}" height="{_TALL}" rx="5" fill="{shade}"'
        f' stroke="#4353c4"/>'
        f'<text x="{x + _BOX // 2}" y="{y + 18}" text-anchor="middle" fill="#1b1f2e">'
        f"{escape(name)}</text></g>\n"
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
