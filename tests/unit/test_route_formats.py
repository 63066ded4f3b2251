"""The formats of the protection report."""

import json

from oauth_guard.route_formats import COLUMNS, FORMATS, cells, unguarded
from oauth_guard.routes import RouteProtection

REPORT = [
    RouteProtection("GET", "/a", "guarded", "https://api.test", "read|write", "shop.a"),
    RouteProtection("POST", "/forgotten", "unguarded", "", "", "shop.b"),
]


def test_cells_have_a_row_for_each_route() -> None:
    """In the order of the columns."""
    assert COLUMNS == ("method", "path", "protection", "requires", "endpoint")
    assert cells(REPORT) == [
        ("GET", "/a", "guarded", "read|write", "shop.a"),
        ("POST", "/forgotten", "unguarded", "", "shop.b"),
    ]


def test_json_has_every_member() -> None:
    """The resource too."""
    assert [each["resource"] for each in json.loads(FORMATS["json"](REPORT))] == [
        "https://api.test",
        "",
    ]


def test_markdown_is_a_table() -> None:
    """A bar in a cell is escaped."""
    lines = FORMATS["markdown"](REPORT).splitlines()
    assert lines[0] == "| method | path | protection | requires | endpoint |"
    assert lines[2] == r"| GET | /a | guarded | read\|write | shop.a |"


def test_sarif_has_a_result_for_each_unguarded_route() -> None:
    """As code scanning reads them."""
    document = json.loads(FORMATS["sarif"](REPORT))
    (run,) = document["runs"]
    (result,) = run["results"]
    assert document["version"] == "2.1.0"
    assert "POST /forgotten" in result["message"]["text"]
    assert result["ruleId"] == run["tool"]["driver"]["rules"][0]["id"]
    assert unguarded(REPORT) == REPORT[1:]
