"""A report as text for a terminal, and as Markdown for README."""

from collections.abc import Iterator

from tests.benchmarks.figures import Curve, Figure
from tests.benchmarks.report import Report


def as_text(report: Report) -> Iterator[str]:
    """Yield the lines that a terminal shows."""
    yield f"{report.date}, {report.rounds} rounds"
    for facts in (report.machine, report.versions):
        yield ", ".join(f"{name} {fact}" for name, fact in facts.items())
    for heading, found in report.sections.items():
        yield f"\n{heading}"
        for each in found:
            if isinstance(each, Curve):
                yield f"  {each.name}: {each}"
                yield from (f"  {short(x):>12} {short(y):>12} {each.unit}" for x, y in each.points)
            else:
                yield f"  {each.name:66} {short(each.value):>8} {each.unit:14} {_verdict(each)}"


def as_markdown(report: Report) -> Iterator[str]:
    """Yield the lines of README's table: what has a target, and how cost grows."""
    yield "| what | measured | target |"
    yield "|---|---:|---|"
    for _, figure in report.figures:
        if figure.target:
            yield f"| {figure.name} | {short(figure.value)} {figure.unit} | {_verdict(figure)} |"
    for found in report.sections.values():
        for each in found:
            if isinstance(each, Curve):
                yield f"| {each.name}, by {each.x} | {each} | |"


def short(value: float) -> str:
    """Return *value* as short as it can be told."""
    if value == round(value):
        return f"{value:,.0f}".replace(",", " ")
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}".replace(",", " ")


def _verdict(figure: Figure) -> str:
    if figure.target is None:
        return ""
    missed = "" if figure.target.holds(figure.value) else ", missed"
    return f"{figure.target}{missed}"
