"""The conformance report gives the right verdict on each row of miniature suites."""

from pathlib import Path

import pytest

from tests.tools.conformance.__main__ import main
from tests.tools.conformance.matrix import MATRIX, Matrix, read_matrix
from tests.tools.conformance.recorder import Recorder
from tests.tools.conformance.verdicts import Outcome, Verdict, report, verdict_on

PASSED, FAILED, NOT_RUN = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_RUN

TWO_SECTIONS = """
| id | § | lvl | requirement | test |
|---|---|---|---|---|
| 1000-01 (m) | 1 | M | One. | see 1000-02 |
| 1000-02 | 2 | M | Two. | |

| CORS-01 | 1 | P | Three. | |
| CORS-02 | 1 | P | Four. | |

| rows | what waits | comes with |
|---|---|---|
| 1000-02 (query), CORS-02 | all of it | work after RFC-77 |

Not offered: 9999-01.
"""


def test_matrix_is_read_in_document_order() -> None:
    """An id in running text is no row, and a note after an id is ignored."""
    matrix = read_matrix(TWO_SECTIONS)
    assert matrix.rows == ("1000-01", "1000-02", "CORS-01", "CORS-02")
    assert matrix.waiting == {"1000-02", "CORS-02"}
    assert matrix.sections == ("1000", "CORS")
    assert matrix.rows_of("CORS") == ("CORS-01", "CORS-02")


def test_matrix_without_waiting_rows_is_read() -> None:
    """The table of waiting rows is optional."""
    assert read_matrix("| 1000-01 | 1 | M | One. | |").waiting == frozenset()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param(
            "| A-01 | |\n| A-01 | |\n", "contains these ids twice: A-01", id="the same id twice"
        ),
        pytest.param(
            "| A-01 | |\n\n| rows | what waits | comes with |\n|---|---|---|\n| A-02 | | |",
            "waiting rows that do not exist: A-02",
            id="an unknown row that waits",
        ),
    ],
)
def test_inconsistent_matrix_is_rejected(text: str, fault: str) -> None:
    """The error names the ids."""
    with pytest.raises(ValueError, match=fault):
        read_matrix(text)


def test_matrix_of_the_project_is_consistent() -> None:
    """It can be read, and has the announced sections."""
    matrix = read_matrix(MATRIX.read_text(encoding="utf-8"))
    assert len(matrix.rows_of("6750")) == 27
    assert {"6749", "9449", "FAPI", "ASGI"} <= set(matrix.sections)


@pytest.mark.parametrize(
    ("outcomes", "waiting", "verdict", "causes"),
    [
        pytest.param([PASSED, PASSED], False, Verdict.PASS, [], id="every test passes"),
        pytest.param([PASSED, FAILED], False, Verdict.FAIL, [1], id="one test fails"),
        pytest.param([], False, Verdict.UNTESTED, [], id="no test"),
        pytest.param([PASSED, NOT_RUN], False, Verdict.UNTESTED, [1], id="one test was skipped"),
        pytest.param([FAILED, NOT_RUN], False, Verdict.FAIL, [0], id="failure outweighs a skip"),
        pytest.param([], True, Verdict.WAIT, [], id="waits without a test"),
        pytest.param([PASSED], True, Verdict.WAIT, [], id="waits with a part that passes"),
        pytest.param([NOT_RUN], True, Verdict.WAIT, [], id="waits, a test was skipped"),
        pytest.param([PASSED, FAILED], True, Verdict.FAIL, [1], id="waits, yet a test fails"),
    ],
)
def test_verdict_on_a_row_follows_from_its_tests(
    outcomes: list[Outcome], waiting: bool, verdict: Verdict, causes: list[int]
) -> None:
    """A row passes if all its tests ran and passed; waiting never excuses a failure."""
    tests = {f"test_{number}": outcome for number, outcome in enumerate(outcomes)}
    result = verdict_on("1000-01", tests, waiting=waiting)
    assert result.verdict is verdict
    assert result.tests == tuple(f"test_{number}" for number in causes)


def test_report_has_one_aligned_line_for_each_section() -> None:
    """In the order of the matrix; rows that are not accepted follow with their tests."""
    matrix = Matrix(("6750-01", "6750-02", *(f"CORS-{n:02}" for n in range(1, 13))), frozenset())
    outcomes = {"6750-01": {"t.py::test_a": PASSED}, "6750-02": {"t.py::test_b": FAILED}}
    lines = report(matrix, ["CORS", "6750"], outcomes).lines()
    assert lines[:4] == [
        "6750   2 rows  1 pass  1 fail   0 untested  0 wait",
        "CORS  12 rows  0 pass  0 fail  12 untested  0 wait",
        "",
        "6750-02  fail",
    ]
    assert lines[4:6] == ["    t.py::test_b", "CORS-01  untested"]


@pytest.mark.parametrize(
    ("outcome", "strict", "good"),
    [
        pytest.param(PASSED, False, True, id="a pass and a wait"),
        pytest.param(PASSED, True, False, id="a wait with --all"),
        pytest.param(FAILED, False, False, id="a failure"),
        pytest.param(NOT_RUN, False, False, id="a gap"),
    ],
)
def test_report_is_good_if_every_row_is_accepted(
    outcome: Outcome, strict: bool, good: bool
) -> None:
    """Waiting rows are accepted unless `--all` is given."""
    matrix = Matrix(("A-01", "A-02"), frozenset({"A-02"}))
    result = report(matrix, ["A"], {"A-01": {"test": outcome}}, strict=strict)
    assert result.good is good
    assert result.lines()[0].startswith("A  2 rows")


@pytest.mark.parametrize(
    ("test", "outcome"),
    [
        pytest.param("def test_it(): pass", PASSED, id="passes"),
        pytest.param("def test_it(): assert False", FAILED, id="fails"),
        pytest.param("def test_it(): pytest.skip()", NOT_RUN, id="skips itself"),
        pytest.param("@pytest.mark.skip\ndef test_it(): pass", NOT_RUN, id="is skipped"),
        pytest.param("@pytest.mark.xfail\ndef test_it(): assert False", NOT_RUN, id="excused"),
        pytest.param("def test_it(broken): pass", FAILED, id="set-up fails"),
        pytest.param("def test_it(leaking): pass", FAILED, id="tear-down fails"),
        pytest.param("def test_it(leaking): pytest.skip()", FAILED, id="skips, tear-down fails"),
        pytest.param("async def test_it(): pass", PASSED, id="passes on the event loop"),
    ],
)
def test_outcome_of_a_test_is_recorded(
    pytester: pytest.Pytester, test: str, outcome: Outcome
) -> None:
    """Set-up and tear-down count, and a skipped test did not run."""
    recorder = _record(pytester, f"@pytest.mark.conformance('A-01', 'A-02')\n{test}")
    name = "test_outcome_of_a_test_is_recorded.py::test_it"
    assert recorder.outcomes() == {"A-01": {name: outcome}, "A-02": {name: outcome}}


def test_only_tests_of_the_selected_rows_run(pytester: pytest.Pytester) -> None:
    """A test that `--exitfirst` kept from running counts as not run."""
    recorder = _record(
        pytester,
        "@pytest.mark.conformance('A-01')\ndef test_1(): assert False\n"
        "@pytest.mark.conformance('A-02')\ndef test_2(): pass\n"
        "@pytest.mark.conformance('B-01')\ndef test_3(): pass\n"
        "def test_4(): pass\n",
        "--exitfirst",
    )
    outcomes = {row: list(tests.values()) for row, tests in recorder.outcomes().items()}
    assert outcomes == {"A-01": [FAILED], "A-02": [NOT_RUN]}


@pytest.mark.parametrize(
    ("arguments", "status", "printed"),
    [
        pytest.param(["CORS"], 0, "CORS  2 rows  1 pass  0 fail  0 untested  1 wait\n", id="good"),
        pytest.param(["CORS", "--all"], 1, "CORS-02  wait", id="a wait with --all"),
        pytest.param(["1000"], 1, "1000-01  untested", id="no marked test"),
        pytest.param([], 1, "1000  2 rows", id="every section"),
    ],
)
def test_command_prints_the_report_and_exits_with_its_status(
    pytester: pytest.Pytester,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    printed: str,
) -> None:
    """0 if the selected sections pass, else 1."""
    matrix = _miniature(pytester, "@pytest.mark.conformance('CORS-01')\ndef test_it(): pass")
    assert main(arguments, matrix=matrix, suite=pytester.path) == status
    assert printed in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "tests", "status", "message"),
    [
        pytest.param(["10"], "", 2, "unknown section 10; known: 1000 CORS\n", id="section"),
        pytest.param(["CORS"], "import no_such_name", 2, "ModuleNotFoundError", id="collection"),
        pytest.param(
            ["CORS"],
            "@pytest.mark.conformance('CORS-1')\ndef test_it(): pass",
            4,
            "names 'CORS-1', which is no row of the conformance matrix",
            id="mark",
        ),
    ],
)
def test_error_prints_no_report(
    pytester: pytest.Pytester,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    tests: str,
    status: int,
    message: str,
) -> None:
    """Unknown section, suite that does not load, misspelt mark."""
    matrix = _miniature(pytester, tests)
    assert main(arguments, matrix=matrix, suite=pytester.path) == status
    printed = capsys.readouterr()
    assert (printed.out, message in printed.err) == ("", True)


def _miniature(pytester: pytest.Pytester, tests: str) -> Path:
    """Create a miniature suite, and return the path of its matrix."""
    pytester.makeini("""
        [pytest]
        addopts = -p no:cacheprovider -p no:hypothesispytest
        asyncio_mode = auto
        asyncio_default_fixture_loop_scope = function
        markers = conformance(*rows): the rows that a test shows to hold
    """)
    pytester.makeconftest("""
        import pytest

        @pytest.fixture
        def broken():
            raise OSError

        @pytest.fixture
        def leaking():
            yield
            raise OSError
    """)
    pytester.makepyfile(f"import pytest\n{tests}")
    matrix = pytester.path / "conformance.md"
    matrix.write_text(TWO_SECTIONS, encoding="utf-8")
    return matrix


def _record(pytester: pytest.Pytester, tests: str, *options: str) -> Recorder:
    _miniature(pytester, tests)
    recorder = Recorder(["A-01", "A-02"])
    pytester.inline_run(*options, plugins=[recorder])
    return recorder
