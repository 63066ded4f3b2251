"""lines_of_guard(): counts what an application has for its guard, and nothing else."""

import pytest

from tests.robustness.foreign_frameworks.guard_lines import lines_of_guard

APP = """
from web import App, Error, response
from oauth_guard import Guard, Requirement
from oauth_guard.route_check import check
"""


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 2),
        ("app = App()\n\n@app.get('/')\ndef page(request):\n    return request.user\n", 2),
        ("READS = Requirement.of('read')\napp = Guard(READS)\nprint(app)\n", 4),
        ("def page(r):\n    if bad := check(r):\n        return Error(bad)\n    return {}\n", 4),
        ("def needs():\n    other = 1\n    return check(1)\n\nuse(needs)\n", 6),
        ("class Bad(Error):\n    x = 1\n\ndef needs():\n    raise Bad(check())\n\nuse(needs)", 7),
        ("class Page:\n    def get(self):\n        return {'caller': check()}\n\nuse(Page)\n", 3),
        (
            "app = App(\n    middleware=[\n        'oauth_guard.django.Middleware',\n    ]\n)\n",
            3,
        ),
    ],
    ids=["imports", "a route", "values", "an if", "a helper", "its error", "a class", "a name"],
)
def test_lines_for_the_guard_are_counted(text: str, count: int) -> None:
    """Two of them are the imports."""
    assert lines_of_guard(APP + text) == count
