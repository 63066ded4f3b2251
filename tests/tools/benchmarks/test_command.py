"""`python -m tests.tools.benchmarks` prints and stores a report, and fails with `--check`."""

from pathlib import Path

import pytest

from tests.tools.benchmarks.__main__ import main, newest_release
from tests.tools.benchmarks.figures import Figure, Target
from tests.tools.benchmarks.report import Report


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """Return a report in a file; it meets its targets only with the slack."""
    return _keep(tmp_path / "kept.json", 1.1)


def _keep(path: Path, value: float) -> Path:
    figures = [Figure("hit", value, "× bare", Target(1))]
    report = Report("2026-01-02", 1, {"CPU": "any"}, {"pyjwt": "2"}, {"Heading": figures})
    path.write_text(report.to_json(), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("was", "now", "options", "status", "printed"),
    [
        pytest.param(1.1, 1.2, ["--check"], 0, "", id="within the slack"),
        pytest.param(1.1, 1.3, ["--check"], 1, "hit: 1.30 × bare, not ≤ 1", id="a missed promise"),
        pytest.param(1.1, 1.3, [], 0, "", id="a missed target without --check"),
        pytest.param(1.0, 1.2, ["--compare"], 0, "hit: 1 → 1.20 × bare", id="slower, shown"),
        pytest.param(1.0, 1.2, ["--compare", "--check"], 1, "hit: 1 → 1.20", id="slower, checked"),
        pytest.param(1.2, 1.0, ["--compare", "--check"], 0, "", id="faster"),
    ],
)
def test_check_decides_the_exit_status(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    was: float,
    now: float,
    options: list[str],
    status: int,
    printed: str,
) -> None:
    """`--compare` alone only prints."""
    earlier = str(_keep(tmp_path / "earlier.json", was))
    given = [part for each in options for part in ([each, earlier] if "comp" in each else [each])]
    assert main(["--read", str(_keep(tmp_path / "now.json", now)), *given]) == status
    assert printed in capsys.readouterr().out


def test_command_writes_the_selected_files(tmp_path: Path, stored: Path) -> None:
    """JSON, Markdown tables and the chart of one report."""
    json, markdown, chart = (tmp_path / name for name in ("a.json", "a.md", "a.svg"))
    files = {"--json": json, "--markdown": markdown, "--chart": chart}
    given = [str(part) for option in files.items() for part in option]
    assert main(["--read", str(stored), *given]) == 0
    assert json.read_text(encoding="utf-8") == stored.read_text(encoding="utf-8")
    assert markdown.read_text(encoding="utf-8").startswith("| path |")
    assert chart.read_text(encoding="utf-8").startswith("<svg")


def test_command_measures_only_the_selected_sections(capsys: pytest.CaptureFixture[str]) -> None:
    """The others are not measured."""
    assert main(["--only", "seen", "--rounds", "1"]) == 0
    printed = capsys.readouterr().out
    assert "A token seen before" in printed
    assert "New tokens" not in printed


def test_last_release_is_that_of_the_highest_version(tmp_path: Path) -> None:
    """Versions are compared by their numbers; each release has a report that can be read."""
    for version in ("0.9.0", "0.10.0", "0.2.11"):
        _keep(tmp_path / f"{version}.json", 1.0)
    assert newest_release(tmp_path).name == "0.10.0.json"
    assert Report.from_json(newest_release().read_text(encoding="utf-8")).sections
