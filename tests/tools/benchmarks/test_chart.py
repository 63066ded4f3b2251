"""The chart is an accessible image, with a bar for each library and a line for each curve."""

from collections import Counter
from collections.abc import Collection
from xml.etree import ElementTree as ET

import pytest

from tests.tools.benchmarks.chart import as_svg
from tests.tools.benchmarks.figures import Curve, PeerFigure
from tests.tools.benchmarks.peers.run import PeerTable
from tests.tools.benchmarks.report import Report
from tests.tools.benchmarks.scale import Scale

_SVG = "{http://www.w3.org/2000/svg}"
_PEERS = PeerTable(
    [
        PeerFigure("oauth_guard", "seen", 2.0, "µs"),
        PeerFigure("other & <more>", "seen", 200.0, "µs"),
        PeerFigure("a third", "seen", None, "µs", "can't"),
        PeerFigure("oauth_guard", "header", 0.0, "µs"),
        PeerFigure("oauth_guard", "seen", 3.0, "× bare"),
        PeerFigure("oauth_guard", "introspected", 1, "calls"),
        PeerFigure("oauth_guard", "no guard", 1.4, "µs"),
    ],
    {},
)
_CURVE = Curve("hit", "tokens", "µs", ((10.0, 2.0), (100.0, 2.2), (1000.0, 2.1)), "flat")


def _drawn(curves: Collection[Curve] = (), peers: PeerTable | None = None) -> ET.Element:
    report = Report("2026-01-02", 1, {"CPU": "any"}, {}, {"grows": list(curves)}, peers)
    return ET.fromstring(as_svg(report))  # noqa: S314 - made here


def _classes(svg: ET.Element) -> Counter[str]:
    return Counter(each.get("class", "") for each in svg.iter())


def test_library_with_a_number_has_a_bar() -> None:
    """One panel for each path, in its first unit; counts are only in the table."""
    svg = _drawn(peers=_PEERS)
    assert (_classes(svg)["ours"], _classes(svg)["peer"]) == (2, 1)
    titles = [each.text for each in svg.iter() if each.get("class") == "title"]
    assert titles == ["seen, µs", "header, µs"]
    assert "other & <more>" in [each.text for each in svg.iter()]


def test_curve_has_a_line() -> None:
    """The first and the last value are shown as text."""
    svg = _drawn([_CURVE, _CURVE])
    assert _classes(svg)["curve"] == 2
    assert [each.text for each in svg.iter()].count("2.10") == 2


def test_chart_has_title_and_description() -> None:
    """For screen readers."""
    svg = _drawn()
    assert svg.get("role") == "img"
    named = {each.get("id"): each.text or "" for each in svg.iter() if each.get("id")}
    assert set((svg.get("aria-labelledby") or "").split()) == set(named)
    assert "2026-01-02" in named["desc"]


@pytest.mark.parametrize(
    ("value", "place"),
    [
        pytest.param(1.0, 0.0, id="its beginning"),
        pytest.param(10.0, 50.0, id="a power of ten"),
        pytest.param(100.0, 100.0, id="its end"),
        pytest.param(0.0, 0.0, id="nothing"),
        pytest.param(-1.0, 0.0, id="less than nothing, by noise"),
    ],
)
def test_scale_places_values_by_powers_of_ten(value: float, place: float) -> None:
    """A value that a logarithmic scale can't show is at its start."""
    assert Scale(0, 2, 100).place(value) == pytest.approx(place)


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        pytest.param([2.0, 30.0], ["1", "10", "100"], id="between"),
        pytest.param([10.0], ["1", "10"], id="at a power of ten"),
        pytest.param(
            [0.02, 3e6],
            ["0.01", "0.1", "1", "10", "100", "1k", "10k", "100k", "1M", "10M"],
            id="far apart",
        ),
        pytest.param([0.0], ["1", "10"], id="nothing"),
    ],
)
def test_scale_of_bars_starts_below_the_smallest_value(
    values: list[float], marks: list[str]
) -> None:
    """A bar at the start of the scale would have no length."""
    scale = Scale.below(values, 100)
    assert [mark for mark, _ in scale.decades()] == marks
    assert all(0 < scale.place(value) <= 100 for value in values if value > 0)


def test_scale_of_curves_may_start_at_the_smallest_value() -> None:
    """A point needs no length."""
    assert [mark for mark, _ in Scale.around([1.0, 10.0], 100).decades()] == ["1", "10"]
