"""The time of an import is measured in a new process."""

from tests.tools.benchmarks.importing import measure_importing


def test_import_takes_longer_than_what_it_imports() -> None:
    """The library imports both."""
    basis, whole = measure_importing(rounds=1)
    assert 0 < basis.value < whole.value
