"""`python -m tests.tools.benchmarks` shows a report, keeps it, and fails where it is asked to."""

from pathlib import Path

import pytest

from tests.tools.benchmarks.__main__ import main
from tests.tools.benchmarks.figures import Figure, Target
from tests.tools.benchmarks.report import Report


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Return a report in a file: what was promised holds with the slack, and not without."""
    return _keep(tmp_path / "kept.json", 1.1)


def _keep(path: Path, value: float) -> Path:
    figures = [Figure("hit", value, "× bare", Target(1))]
    report = Report("2026-01-02", 1, {"CPU": "any"}, {"pyjwt": "2"}, {"Heading": figures})
    path.write_text(report.to_json(), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("was", "now", "options", "status", "told"),
    [
        pytest.param(1.1, 1.2, ["--check"], 0, "", id="within the slack"),
        pytest.param(1.1, 1.3, ["--check"], 1, "hit: 1.30 × bare, not ≤ 1", id="a missed promise"),
        pytest.param(1.1, 1.3, [], 0, "", id="a missed promise that nobody asked about"),
        pytest.param(1.0, 1.2, ["--compare"], 0, "hit: 1 → 1.20 × bare", id="slower, told"),
        pytest.param(1.0, 1.2, ["--compare", "--check"], 1, "hit: 1 → 1.20", id="slower, held"),
        pytest.param(1.2, 1.0, ["--compare", "--check"], 0, "", id="faster"),
    ],
)
def test_it_fails_where_it_is_asked_to(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    was: float,
    now: float,
    options: list[str],
    status: int,
    told: str,
) -> None:
    """`--check` alone decides over the exit status; `--compare` tells."""
    earlier = str(_keep(tmp_path / "earlier.json", was))
    given = [part for each in options for part in ([each, earlier] if "comp" in each else [each])]
    assert main(["--read", str(_keep(tmp_path / "now.json", now)), *given]) == status
    assert told in capsys.readouterr().out


def test_it_writes_what_it_is_asked_for(tmp_path: Path, kept: Path) -> None:
    """All of one report: itself, its tables and its chart."""
    json, markdown, chart = (tmp_path / name for name in ("a.json", "a.md", "a.svg"))
    files = {"--json": json, "--markdown": markdown, "--chart": chart}
    given = [str(part) for option in files.items() for part in option]
    assert main(["--read", str(kept), *given]) == 0
    assert json.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8")
    assert markdown.read_text(encoding="utf-8").startswith("| what |")
    assert chart.read_text(encoding="utf-8").startswith("<svg")


def test_it_measures_what_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing else."""
    assert main(["--only", "seen", "--rounds", "1"]) == 0
    told = capsys.readouterr().out
    assert "A token that was seen before" in told
    assert "New tokens" not in told
