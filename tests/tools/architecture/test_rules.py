"""The house keeps its rules, and each rule is shown to catch what breaks it."""

from collections.abc import Callable, Iterator

import pytest

from tests.tools.architecture import discipline, floors, graph, shape
from tests.tools.architecture.source import CHECKOUT, Module, modules_of

Rule = Callable[[Module], Iterator[str]]

LIBRARY = modules_of("oauth_guard")
DEMO = modules_of("demo_api")
TESTS = modules_of("tests")
TEST_NAMES = {module.name for module in TESTS}


def source_has_its_tests(module: Module) -> Iterator[str]:
    """Rule 17, for the tests of this checkout."""
    return shape.source_has_its_tests(module, TEST_NAMES)


RULES: dict[Rule, list[Module]] = {
    floors.imports_run_down: LIBRARY,
    floors.interfaces_only_describe: LIBRARY,
    floors.the_core_is_pure: LIBRARY,
    floors.one_library_one_room: LIBRARY,
    floors.libraries_are_imported_at_the_top: LIBRARY,
    floors.the_demo_uses_the_front: DEMO,
    shape.files_are_short: LIBRARY + DEMO,
    shape.functions_are_short: LIBRARY + DEMO + TESTS,
    shape.files_are_named_for_what_they_give: LIBRARY + DEMO + TESTS,
    shape.the_first_line_says_it: LIBRARY + DEMO + TESTS,
    shape.packages_only_hand_names_on: LIBRARY + DEMO + TESTS,
    source_has_its_tests: LIBRARY,
    discipline.errors_come_from_one_file: LIBRARY,
    discipline.one_file_writes_challenges: LIBRARY,
    discipline.time_is_an_argument: LIBRARY,
    discipline.time_is_called_now: LIBRARY,
    discipline.types_are_imported_plainly: LIBRARY + DEMO + TESTS,
}


@pytest.mark.parametrize("rule", RULES)
def test_every_module_keeps_the_rule(rule: Rule) -> None:
    """Nothing breaks the rule; a complaint names the line and says what to do."""
    _accept([complaint for module in RULES[rule] for complaint in rule(module)])


def test_there_is_no_circle() -> None:
    """Imports form no circle."""
    _accept(list(graph.no_circles(LIBRARY)))


def test_the_face_loads_without_extras() -> None:
    """A bare install can import the face."""
    _accept(list(graph.the_face_needs_nothing_optional(LIBRARY)))


def test_the_checkout_was_read() -> None:
    """The rules above had something to read: the packages are where this test looks for them."""
    assert (CHECKOUT / "pyproject.toml").is_file()
    assert {"oauth_guard", "oauth_guard.errors"} <= {module.name for module in LIBRARY}
    assert __name__ in TEST_NAMES


TOP = "oauth_guard"
CORE = "oauth_guard.jose.key_set"
TOO_MANY = [f"name_{number:02}" for number in range(shape.WIDEST_FACE + 1)]


def _accept(complaints: list[str]) -> None:
    """Fail with every one of the *complaints*, if there are any."""
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


def _module(name: str, text: str) -> Module:
    """Return a module of *name* that holds *text* below its first line."""
    return Module(name, f'"""Gives one thing."""\n{text}\n', is_package=name in {TOP, "demo_api"})


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (floors.imports_run_down, CORE, "from oauth_guard.guard import Guard"),
        (floors.imports_run_down, CORE, "def f():\n    import oauth_guard.guard"),
        (floors.imports_run_down, CORE, "from ..guard import Guard"),
        (floors.imports_run_down, CORE, "from oauth_guard import Guard"),
        (floors.imports_run_down, CORE, "from oauth_guard import guard"),
        (floors.imports_run_down, "oauth_guard.errors", "from oauth_guard.protocol import jose"),
        (floors.imports_run_down, "oauth_guard.interfaces", "from oauth_guard import errors"),
        (
            floors.imports_run_down,
            "oauth_guard.issuers.jwt",
            "import oauth_guard.guard",
        ),
        (
            floors.imports_run_down,
            "oauth_guard.stores.redis",
            "import oauth_guard.issuers.jwt",
        ),
        (floors.imports_run_down, "oauth_guard.starlette", "import oauth_guard.middleware"),
        (floors.imports_run_down, "oauth_guard.guard", "from oauth_guard.testing import issuer"),
        (floors.imports_run_down, "oauth_guard.testing.issuer", "import oauth_guard.guard"),
        (floors.imports_run_down, "oauth_guard.cellar", ""),
        (floors.interfaces_only_describe, "oauth_guard.interfaces", "import json"),
        (floors.the_core_is_pure, CORE, "async def find(): pass"),
        (floors.the_core_is_pure, CORE, "import time"),
        (floors.the_core_is_pure, CORE, "from urllib.request import urlopen"),
        (floors.the_core_is_pure, "oauth_guard.errors", "from os import path"),
        (floors.one_library_one_room, CORE, "import jwt"),
        (floors.one_library_one_room, "oauth_guard.guard", "from starlette.types import Scope"),
        (floors.one_library_one_room, "oauth_guard.guard", "import unheard_of"),
        (floors.one_library_one_room, "oauth_guard.testing.issuer", "import pytest"),
        (floors.one_library_one_room, "oauth_guard.testing.issuer", "import redis"),
        (
            floors.libraries_are_imported_at_the_top,
            TOP,
            "try:\n    import redis\nfinally:\n    f()",
        ),
        (floors.libraries_are_imported_at_the_top, CORE, "def f():\n    import jwt"),
        (floors.the_demo_uses_the_front, "demo_api.app", "from oauth_guard.protocol import keys"),
        (floors.the_demo_uses_the_front, "demo_api.app", "import oauth_guard.issuers.remote_keys"),
        (floors.the_demo_uses_the_front, "demo_api.app", "from oauth_guard import _secret"),
        (floors.the_demo_uses_the_front, "demo_api.app", "from oauth_guard.starlette import _it"),
        (shape.files_are_short, CORE, "\n" * 300),
        (shape.functions_are_short, CORE, "def f():\n" + "    f()\n" * 40),
        (shape.functions_are_short, CORE, "class C:\n async def f():\n" + "  f()\n" * 40),
        (shape.files_are_named_for_what_they_give, "oauth_guard.utils", ""),
        (shape.files_are_named_for_what_they_give, "oauth_guard.core.keys", ""),
        (shape.files_are_named_for_what_they_give, "tests.test_helpers", ""),
        (shape.packages_only_hand_names_on, TOP, "def f(): pass"),
        (shape.packages_only_hand_names_on, TOP, "from oauth_guard.errors import E"),
        (shape.packages_only_hand_names_on, TOP, "from a import B, A\n__all__ = ['B', 'A']"),
        (
            shape.packages_only_hand_names_on,
            TOP,
            f"from a import {', '.join(TOO_MANY)}\n__all__ = {TOO_MANY}",
        ),
        (source_has_its_tests, "oauth_guard.protocol.untested", ""),
        (source_has_its_tests, "oauth_guard.telemetry.untested", ""),
        (discipline.errors_come_from_one_file, CORE, "class Odd(Exception): pass"),
        (discipline.errors_come_from_one_file, CORE, "class Odd(jwt.PyJWTError): pass"),
        (
            discipline.errors_come_from_one_file,
            CORE,
            "from oauth_guard.errors import InvalidToken\nclass Odd(InvalidToken): pass",
        ),
        (discipline.one_file_writes_challenges, CORE, "NAME = b'WWW-Authenticate'"),
        (discipline.time_is_an_argument, CORE, "import time\ndef f(): return time.time()"),
        (discipline.time_is_an_argument, CORE, "from time import time\nstarted = time()"),
        (discipline.time_is_an_argument, CORE, "from time import time as t\ndef f(): return t()"),
        (discipline.time_is_an_argument, CORE, "import datetime\nx = datetime.datetime.now()"),
        (discipline.time_is_an_argument, CORE, "from datetime import datetime as d\nx = d.now()"),
        (discipline.time_is_an_argument, CORE, "async def f(loop): return loop.time()"),
        (discipline.time_is_an_argument, CORE, "import time\nasync def f(c): c = c or time.time"),
        (discipline.time_is_called_now, CORE, "def f(timestamp: float): pass"),
        (discipline.types_are_imported_plainly, CORE, "from typing import TYPE_CHECKING"),
        (discipline.types_are_imported_plainly, CORE, "if typing.TYPE_CHECKING: pass"),
    ],
)
def test_a_rule_catches_what_breaks_it(rule: Rule, name: str, text: str) -> None:
    """No rule is a test that can't fail."""
    assert list(rule(_module(name, text)))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("X = 1\n", id="no docstring"),
        pytest.param('# A comment.\n"""Gives it."""\n', id="a comment first"),
        pytest.param('"""\nGives it.\n"""\n', id="the second line"),
        pytest.param('"""Gives it"""\n', id="no sentence"),
    ],
)
def test_the_first_line_must_say_it(text: str) -> None:
    """A file without its sentence on the first line is caught."""
    assert list(shape.the_first_line_says_it(Module(CORE, text)))


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (floors.imports_run_down, CORE, "from oauth_guard.errors import InvalidToken"),
        (floors.imports_run_down, CORE, "from oauth_guard.jose.jws import Key\nimport json"),
        (floors.imports_run_down, "oauth_guard.cli", "from oauth_guard import routes"),
        (floors.imports_run_down, "oauth_guard.testing.issuer", "from oauth_guard import errors"),
        (floors.imports_run_down, TOP, "from oauth_guard.guard import Guard"),
        (floors.the_core_is_pure, "oauth_guard.guard", "import time\nasync def f(): pass"),
        (floors.one_library_one_room, "oauth_guard.http.fetcher", "import httpx, json"),
        (floors.libraries_are_imported_at_the_top, "oauth_guard.cli", "def f():\n import uvicorn"),
        (floors.the_demo_uses_the_front, "demo_api.app", "from oauth_guard import Guard"),
        (floors.the_demo_uses_the_front, "demo_api.app", "from oauth_guard.fastapi import Caller"),
        (floors.the_demo_uses_the_front, "demo_api.app", "import oauth_guard.stores.redis.x"),
        (shape.packages_only_hand_names_on, TOP, "from a import A, b\n__all__ = ['A', 'b']"),
        (discipline.time_is_an_argument, CORE, "import time\ndef f(clock=time.time): pass"),
        (discipline.time_is_an_argument, CORE, "import time\nclass C:\n clock: C = time.time"),
    ],
)
def test_a_rule_lets_pass_what_keeps_it(rule: Rule, name: str, text: str) -> None:
    """A rule forbids no more than it says."""
    assert list(rule(_module(name, text))) == []


@pytest.mark.parametrize(
    ("first", "second", "circle"),
    [
        pytest.param("import p.b", "from p.a import x", True, id="two modules"),
        pytest.param("from p import b", "def f():\n    import p.a", True, id="inside a function"),
        pytest.param("import p.a", "", True, id="itself"),
        pytest.param("import p.b", "import p.c", False, id="none"),
    ],
)
def test_a_circle_is_seen(first: str, second: str, circle: bool) -> None:
    """A circle is seen wherever its imports stand."""
    modules = [Module("p", "", is_package=True), Module("p.a", first), Module("p.b", second)]
    assert bool(list(graph.no_circles(modules))) is circle


@pytest.mark.parametrize(
    ("inner", "caught"),
    [
        pytest.param("import redis", True, id="optional"),
        pytest.param("import jwt", False, id="not"),
    ],
)
def test_an_optional_library_behind_the_face_is_seen(inner: str, caught: bool) -> None:
    """The face is followed through every room that it loads."""
    modules = [
        Module("oauth_guard", "from oauth_guard.guard import Guard", is_package=True),
        Module("oauth_guard.guard", "from oauth_guard.stores import redis"),
        Module("oauth_guard.stores.redis", inner),
    ]
    assert bool(list(graph.the_face_needs_nothing_optional(modules))) is caught
