"""Each server behaves as its row of docs/servers.md says."""

from pathlib import Path

import pytest

from tests.robustness.asgi_servers.observations import observe
from tests.robustness.asgi_servers.servers import SERVERS, Server
from tests.tools.servers_page import PAGE, page_with_table, versions_line
from tests.tools.written_table import row

TEXT = PAGE.read_text(encoding="utf-8")
ROWS = [
    tuple(line.strip("| ").split(" | "))
    for line in TEXT.splitlines()
    if line.startswith(tuple(f"| {server.name} |" for server in SERVERS))
]


@pytest.mark.long
@pytest.mark.parametrize("server", [pytest.param(each, id=each.name) for each in SERVERS])
def test_server_behaves_as_its_row_of_the_page_says(server: Server, tmp_path: Path) -> None:
    """Otherwise write the table again, and what the server can't do into the text below it."""
    assert row(observe(server, tmp_path)) in TEXT.splitlines(keepends=True)


def test_page_has_a_row_for_each_server_and_the_versions_of_the_environment() -> None:
    """So the tool would change nothing but what servers do."""
    assert [name for name, *_ in ROWS] == [server.name for server in SERVERS]
    assert versions_line() in TEXT
    assert page_with_table(TEXT, ROWS) == TEXT


@pytest.mark.parametrize("cells", [pytest.param(each, id=each[0]) for each in ROWS])
def test_what_a_server_cannot_do_has_a_section(cells: tuple[str, ...]) -> None:
    """A row that differs from the best one is explained below the table."""
    limits = {"alone", "cut off", "not closed", "ignored"}
    if any(limit in cell for cell in cells[1:] for limit in limits):
        assert f"\n## {cells[0]}\n" in TEXT
