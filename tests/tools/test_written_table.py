"""with_table(): the rows of the named table are replaced, and nothing else."""

import pytest

from tests.tools.written_table import with_table

PAGE = "text\n\n| other |\n|---|\n| kept |\n\n| name | seen |\n|---|---|\n| a | 1 |\n\nend\n"


def test_rows_of_the_table_are_replaced() -> None:
    """Text and other tables stay."""
    assert with_table(PAGE, ("name", "seen"), [["b", "2"]]) == PAGE.replace("a | 1", "b | 2")


@pytest.mark.parametrize("page", ["text\n", PAGE + PAGE], ids=["no table", "two tables"])
def test_page_without_exactly_one_such_table_is_an_error(page: str) -> None:
    """Otherwise a renamed column would leave the old rows in place."""
    with pytest.raises(ValueError, match="tables that begin with 'name'"):
        with_table(page, ("name", "seen"), [])
