"""as_svg(): the measurements as panels of bars and curves, each on a logarithmic scale."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from tests.tools.benchmarks.figures import Curve, PeerFigure, short
from tests.tools.benchmarks.report import Report
from tests.tools.benchmarks.scale import Scale

_OURS = "oauth_guard"
_TIMES = ("µs", "× bare", "× raw")
_NOT_DRAWN = {"no guard"}  # the bare application, below the others
_COLUMNS = 3
_PANEL, _LABELS, _VALUES, _MARGIN = 312, 104, 48, 16
_ABOVE, _BELOW, _BAR, _CURVE = 20, 32, 18, 120

# It has its own background, since a page may be dark although its reader's system is not.
_STYLE = """
text { font: 11px system-ui, sans-serif; fill: #1f2328 }
.ground { fill: #ffffff } .title { font-weight: 600 } .quiet { fill: #59636e; font-size: 9px }
.ours { fill: #0969da } .peer { fill: #afb8c1 } .grid { stroke: #d1d9e0 }
.curve { fill: none; stroke: #0969da; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .ground { fill: #0d1117 } .quiet { fill: #9198a1 }
  .ours { fill: #4493f8 } .peer { fill: #656c76 } .grid { stroke: #3d444d }
  .curve { stroke: #4493f8 }
}
"""


@dataclass(frozen=True)
class _Bars:
    """One row of the table of libraries, fastest first."""

    title: str
    bars: Sequence[tuple[str, float]]

    @property
    def height(self) -> int:
        return len(self.bars) * _BAR

    def draw(self, panel: ET.Element) -> None:
        """Draw a bar for each library that has a number."""
        scale = Scale.below([v for _, v in self.bars], _PANEL - _LABELS - _VALUES - _MARGIN)
        for mark, place in scale.decades():
            _line(panel, _LABELS + place, self.height, mark)
        for index, (label, value) in enumerate(self.bars):
            top, length = index * _BAR, max(1, scale.place(value))
            _text(panel, _LABELS - 6, top + 12, label, anchor="end")
            kind = "ours" if label == _OURS else "peer"
            bar = {"x": _LABELS, "y": top + 3, "width": length, "height": _BAR - 6}
            _add(panel, "rect", **bar).set("class", kind)
            _text(panel, _LABELS + length + 5, top + 12, short(value))


@dataclass(frozen=True)
class _Line:
    """A curve, with its first and last value as text."""

    curve: Curve

    height = _CURVE + 12

    @property
    def title(self) -> str:
        return f"{self.curve.name}, {self.curve.unit}"

    def draw(self, panel: ET.Element) -> None:
        """Draw the points, joined."""
        xs, ys = zip(*self.curve.points, strict=True)
        across = Scale.around(xs, _PANEL - 2 * _VALUES - _MARGIN)
        up = Scale.around(ys, _CURVE)
        for mark, place in across.decades():
            _line(panel, _VALUES + place, _CURVE, mark)
        _text(panel, _VALUES, _CURVE + 23, f"by {self.curve.x}: {self.curve.shape}", kind="quiet")
        for mark, place in up.decades():
            _text(panel, _VALUES - 6, _CURVE - place + 4, mark, anchor="end", kind="quiet")
        places = [(_VALUES + across.place(x), _CURVE - up.place(y)) for x, y in self.curve.points]
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        _add(panel, "polyline", points=joined).set("class", "curve")
        for index, anchor in ((0, "start"), (-1, "end")):
            x, y = places[index]
            clear = y + 14 if y < _BAR else y - 6  # height of the title
            _text(panel, x, clear, short(ys[index]), anchor=anchor)


def as_svg(report: Report) -> str:
    """Return the chart of *report*."""
    bars = _bars(report.peers.figures if report.peers else ())
    panels: list[_Bars | _Line] = [*bars, *_lines(report)]
    rows = [panels[start : start + _COLUMNS] for start in range(0, len(panels), _COLUMNS)]
    heights = [max(each.height for each in row) + _ABOVE + _BELOW for row in rows]
    svg = _ground(report, _COLUMNS * _PANEL + _MARGIN, sum(heights) + _MARGIN)
    top = _MARGIN
    for row, height in zip(rows, heights, strict=True):
        for column, each in enumerate(row):
            place = f"translate({_MARGIN + column * _PANEL} {top})"
            _text(_add(svg, "g", transform=place), 0, 12, each.title, kind="title")
            each.draw(_add(svg, "g", transform=f"{place} translate(0 {_ABOVE})"))
        top += height
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _bars(figures: Sequence[PeerFigure]) -> Iterator[_Bars]:
    drawn = [each for each in figures if each.unit in _TIMES and each.name not in _NOT_DRAWN]
    units = {each.name: each.unit for each in reversed(drawn)}  # the first of several
    for name in dict.fromkeys(each.name for each in drawn):
        row = [each for each in drawn if (each.name, each.unit) == (name, units[name])]
        bars = [(each.peer, each.value) for each in row if each.value is not None]
        yield _Bars(f"{name}, {units[name]}", sorted(bars, key=lambda bar: bar[1]))


def _lines(report: Report) -> Iterator[_Line]:
    for found in report.sections.values():
        yield from (_Line(each) for each in found if isinstance(each, Curve))


def _ground(report: Report, width: int, height: int) -> ET.Element:
    machine = ", ".join(f"{name} {fact}" for name, fact in report.machine.items())
    svg = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width} {height}")
    svg.attrib |= {"role": "img", "aria-labelledby": "title desc", "width": str(width)}
    _add(svg, "title", id="title").text = "What oauth_guard adds to a request, beside its peers"
    _add(svg, "desc", id="desc").text = (
        f"Measured on {report.date} with {machine}. A bar for each library, "
        "and a curve for all that may grow, on logarithmic scales; less is quicker."
    )
    _add(svg, "style").text = _STYLE
    _add(svg, "rect", width="100%", height="100%", rx=8).set("class", "ground")
    return svg


def _line(panel: ET.Element, x: float, height: float, mark: str) -> None:
    _add(panel, "line", x1=x, x2=x, y1=0, y2=height).set("class", "grid")
    _text(panel, x, height + 11, mark, anchor="middle", kind="quiet")


def _text(
    parent: ET.Element, x: float, y: float, label: str, *, anchor: str = "start", kind: str = ""
) -> None:
    text = _add(parent, "text", x=x, y=y)
    text.attrib |= {"text-anchor": anchor} | ({"class": kind} if kind else {})
    text.text = label


def _add(parent: ET.Element, tag: str, **attributes: float | str) -> ET.Element:
    named = {
        name: value if isinstance(value, str) else f"{value:.4g}"
        for name, value in attributes.items()
    }
    return ET.SubElement(parent, tag, named)
