"""The source complies with every architecture rule, and each rule detects a violation."""

from collections.abc import Callable, Iterator

import pytest

from tests.tools.architecture import conventions, graph, layers, layout, vocabulary
from tests.tools.architecture.source import CHECKOUT, Module, modules_of

Rule = Callable[[Module], Iterator[str]]

LIBRARY = modules_of("oauth_guard")
DEMO = modules_of("demo_api")
TESTS = modules_of("tests")
TEST_NAMES = {module.name for module in TESTS}


def source_has_a_test_file(module: Module) -> Iterator[str]:
    """Apply the rule to the tests of this checkout."""
    return layout.source_has_a_test_file(module, TEST_NAMES)


RULES: dict[Rule, list[Module]] = {
    layers.imports_run_down: LIBRARY,
    layers.interfaces_only_describe: LIBRARY,
    layers.core_is_pure: LIBRARY,
    layers.libraries_have_one_home: LIBRARY,
    layers.libraries_are_imported_at_the_top: LIBRARY,
    layers.demo_imports_public_modules: DEMO,
    layout.files_are_short: LIBRARY + DEMO,
    layout.functions_are_short: LIBRARY + DEMO + TESTS,
    layout.names_are_specific: LIBRARY + DEMO + TESTS,
    layout.first_line_is_a_sentence: LIBRARY + DEMO + TESTS,
    layout.packages_only_reexport: LIBRARY + DEMO + TESTS,
    source_has_a_test_file: LIBRARY,
    conventions.errors_are_defined_in_one_file: LIBRARY,
    conventions.challenges_are_written_in_one_file: LIBRARY,
    conventions.time_is_an_argument: LIBRARY,
    conventions.library_does_not_know_of_tests: LIBRARY,
    conventions.private_names_stay_in_their_module: LIBRARY + DEMO,
    conventions.time_is_called_now: LIBRARY,
    conventions.types_are_imported_unconditionally: LIBRARY + DEMO + TESTS,
    vocabulary.identifiers_are_technical: LIBRARY + DEMO,
    vocabulary.prose_is_technical: LIBRARY + DEMO,
    vocabulary.names_of_tests_are_descriptive: TESTS,
}


@pytest.mark.parametrize("rule", RULES)
def test_modules_comply_with_the_rule(rule: Rule) -> None:
    """The rule has no complaint; each would name the line and the fix."""
    _accept([complaint for module in RULES[rule] for complaint in rule(module)])


def test_imports_form_no_cycle() -> None:
    """The import graph of the library is acyclic."""
    _accept(list(graph.no_import_cycles(LIBRARY)))


def test_root_package_loads_without_extras() -> None:
    """An installation without extras can import it."""
    _accept(list(graph.root_needs_no_optional_library(LIBRARY)))


def test_rules_read_the_modules_of_the_checkout() -> None:
    """Otherwise every rule would pass without reading a file."""
    assert (CHECKOUT / "pyproject.toml").is_file()
    assert {"oauth_guard", "oauth_guard.errors"} <= {module.name for module in LIBRARY}
    assert __name__ in TEST_NAMES


TOP = "oauth_guard"
CORE = "oauth_guard.jose.key_set"
TOO_MANY = [f"name_{number:02}" for number in range(layout.MAX_PUBLIC_NAMES + 1)]


def _accept(complaints: list[str]) -> None:
    """Fail with all *complaints*, if there are any."""
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


def _module(name: str, text: str) -> Module:
    """Return a module of *name* with *text* below its docstring."""
    return Module(
        name, f'"""Provides one thing."""\n{text}\n', is_package=name in {TOP, "demo_api"}
    )


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (layers.imports_run_down, CORE, "from oauth_guard.guard import Guard"),
        (layers.imports_run_down, CORE, "def f():\n    import oauth_guard.guard"),
        (layers.imports_run_down, CORE, "from ..guard import Guard"),
        (layers.imports_run_down, CORE, "from oauth_guard import Guard"),
        (layers.imports_run_down, CORE, "from oauth_guard import guard"),
        (layers.imports_run_down, "oauth_guard.errors", "from oauth_guard.protocol import jose"),
        (layers.imports_run_down, "oauth_guard.interfaces", "from oauth_guard import errors"),
        (
            layers.imports_run_down,
            "oauth_guard.issuers.jwt",
            "import oauth_guard.guard",
        ),
        (
            layers.imports_run_down,
            "oauth_guard.stores.redis",
            "import oauth_guard.issuers.jwt",
        ),
        (layers.imports_run_down, "oauth_guard.starlette", "import oauth_guard.middleware"),
        (layers.imports_run_down, "oauth_guard.guard", "from oauth_guard.testing import issuer"),
        (layers.imports_run_down, "oauth_guard.testing.issuer", "import oauth_guard.guard"),
        (layers.imports_run_down, "oauth_guard.testing.trust", "import oauth_guard.fastapi"),
        (layers.imports_run_down, "oauth_guard.unlisted", ""),
        (layers.interfaces_only_describe, "oauth_guard.interfaces", "import json"),
        (layers.core_is_pure, CORE, "async def find(): pass"),
        (layers.core_is_pure, CORE, "import time"),
        (layers.core_is_pure, CORE, "from urllib.request import urlopen"),
        (layers.core_is_pure, CORE, "from sys import argv"),
        (layers.core_is_pure, "oauth_guard.errors", "from os import path"),
        (layers.libraries_have_one_home, CORE, "import jwt"),
        (layers.libraries_have_one_home, "oauth_guard.guard", "from starlette.types import Scope"),
        (layers.libraries_have_one_home, "oauth_guard.guard", "import unknown_library"),
        (layers.libraries_have_one_home, "oauth_guard.testing.issuer", "import pytest"),
        (layers.libraries_have_one_home, "oauth_guard.testing.issuer", "import redis"),
        (
            layers.libraries_are_imported_at_the_top,
            TOP,
            "try:\n    import redis\nfinally:\n    f()",
        ),
        (layers.libraries_are_imported_at_the_top, CORE, "def f():\n    import jwt"),
        (
            layers.demo_imports_public_modules,
            "demo_api.app",
            "from oauth_guard.protocol import keys",
        ),
        (
            layers.demo_imports_public_modules,
            "demo_api.app",
            "import oauth_guard.issuers.remote_keys",
        ),
        (layers.demo_imports_public_modules, "demo_api.app", "from oauth_guard import _secret"),
        (
            layers.demo_imports_public_modules,
            "demo_api.app",
            "from oauth_guard.starlette import _name",
        ),
        (
            conventions.library_does_not_know_of_tests,
            "oauth_guard.guard",
            "def f(guard):\n    return guard.overrides.get(1)",
        ),
        (
            conventions.library_does_not_know_of_tests,
            "oauth_guard.guard",
            "import os\nif 'PYTEST_CURRENT_TEST' in os.environ: pass",
        ),
        (
            conventions.library_does_not_know_of_tests,
            "oauth_guard.guard",
            "def f(testing=False): pass",
        ),
        *(
            (conventions.private_names_stay_in_their_module, "oauth_guard.mcp.guarded", text)
            for text in (
                "def f(guard):\n    guard._validation.strict = True",
                "def f(guard):\n    guard.validation._strict = True",
                "def f(guard):\n    return getattr(guard, '_cache')",
                "from oauth_guard.guard import _log",
                "class C:\n    def f(self):\n        self.other._cache = 1",
            )
        ),
        (layout.files_are_short, CORE, "\n" * 300),
        (layout.functions_are_short, CORE, "def f():\n" + "    f()\n" * 40),
        (layout.functions_are_short, CORE, "class C:\n async def f():\n" + "  f()\n" * 40),
        (layout.names_are_specific, "oauth_guard.utils", ""),
        (layout.names_are_specific, "oauth_guard.core.keys", ""),
        (layout.names_are_specific, "tests.test_helpers", ""),
        (layout.packages_only_reexport, TOP, "def f(): pass"),
        (layout.packages_only_reexport, "demo_api", "__version__ = '1.0'"),
        (layout.packages_only_reexport, TOP, "from oauth_guard.errors import E"),
        (layout.packages_only_reexport, TOP, "from a import B, A\n__all__ = ['B', 'A']"),
        (
            layout.packages_only_reexport,
            TOP,
            f"from a import {', '.join(TOO_MANY)}\n__all__ = {TOO_MANY}",
        ),
        (source_has_a_test_file, "oauth_guard.protocol.untested", ""),
        (source_has_a_test_file, "oauth_guard.telemetry.untested", ""),
        (conventions.errors_are_defined_in_one_file, CORE, "class Broken(Exception): pass"),
        (conventions.errors_are_defined_in_one_file, CORE, "class Broken(jwt.PyJWTError): pass"),
        (
            conventions.errors_are_defined_in_one_file,
            CORE,
            "from oauth_guard.errors import InvalidToken\nclass Broken(InvalidToken): pass",
        ),
        (conventions.challenges_are_written_in_one_file, CORE, "NAME = b'WWW-Authenticate'"),
        (conventions.time_is_an_argument, CORE, "import time\ndef f(): return time.time()"),
        (conventions.time_is_an_argument, CORE, "from time import time\nstarted = time()"),
        (conventions.time_is_an_argument, CORE, "from time import time as t\ndef f(): return t()"),
        (conventions.time_is_an_argument, CORE, "import datetime\nx = datetime.datetime.now()"),
        (conventions.time_is_an_argument, CORE, "from datetime import datetime as d\nx = d.now()"),
        (conventions.time_is_an_argument, CORE, "async def f(loop): return loop.time()"),
        (conventions.time_is_an_argument, CORE, "import time\nasync def f(c): c = c or time.time"),
        (conventions.time_is_called_now, CORE, "def f(timestamp: float): pass"),
        (conventions.types_are_imported_unconditionally, CORE, "from typing import TYPE_CHECKING"),
        (conventions.types_are_imported_unconditionally, CORE, "if typing.TYPE_CHECKING: pass"),
    ],
)
def test_rule_detects_a_violation(rule: Rule, name: str, text: str) -> None:
    """Each rule has at least one complaint about source that violates it."""
    assert list(rule(_module(name, text)))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("X = 1\n", id="no docstring"),
        pytest.param('# A comment.\n"""Provides it."""\n', id="a comment first"),
        pytest.param('"""\nProvides it.\n"""\n', id="the second line"),
        pytest.param('"""Provides it"""\n', id="no full stop"),
    ],
)
def test_first_line_that_is_no_sentence_is_detected(text: str) -> None:
    """The file must open with a docstring whose first line is a sentence."""
    assert list(layout.first_line_is_a_sentence(Module(CORE, text)))


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (layers.imports_run_down, CORE, "from oauth_guard.errors import InvalidToken"),
        (layers.imports_run_down, CORE, "from oauth_guard.jose.jws import Key\nimport json"),
        (layers.imports_run_down, "oauth_guard.cli", "from oauth_guard import routes"),
        (layers.imports_run_down, "oauth_guard.testing.issuer", "from oauth_guard import errors"),
        (layers.imports_run_down, TOP, "from oauth_guard.guard import Guard"),
        (layers.core_is_pure, "oauth_guard.guard", "import time\nasync def f(): pass"),
        (layers.libraries_have_one_home, "oauth_guard.http.tls", "import httpx, json"),
        (
            layers.libraries_are_imported_at_the_top,
            "oauth_guard.cli.run",
            "def f():\n import uvicorn",
        ),
        (
            layers.libraries_are_imported_at_the_top,
            "oauth_guard.jose.signing",
            "def f():\n from jwt.algorithms import get_default_algorithms",
        ),
        (layers.demo_imports_public_modules, "demo_api.app", "from oauth_guard import Guard"),
        (
            layers.demo_imports_public_modules,
            "demo_api.app",
            "from oauth_guard.fastapi import Caller",
        ),
        (layers.demo_imports_public_modules, "demo_api.app", "import oauth_guard.stores.redis.x"),
        (layout.packages_only_reexport, TOP, "from a import A, b\n__all__ = ['A', 'b']"),
        (layout.packages_only_reexport, TOP, "__version__ = '1.0'"),
        *(
            (conventions.private_names_stay_in_their_module, name, text)
            for name, text in (
                (CORE, "class C:\n    def f(self):\n        return super()._f(self._cache)"),
                (CORE, "class C:\n    def _f(self): pass\ndef g(c):\n    c._f()"),
                (CORE, "def f(entry):\n    return entry._replace(a=1), entry.__dict__"),
                ("oauth_guard.mcp.server_parts", "def f(server):\n    server._mcp_server"),
                ("oauth_guard.testing.trust", "def f(guard):\n    guard._cache = None"),
            )
        ),
        (conventions.time_is_an_argument, CORE, "import time\ndef f(clock=time.time): pass"),
        (conventions.time_is_an_argument, CORE, "import time\nclass C:\n clock: C = time.time"),
    ],
)
def test_rule_accepts_compliant_source(rule: Rule, name: str, text: str) -> None:
    """A rule forbids no more than its docstring says."""
    assert list(rule(_module(name, text))) == []


@pytest.mark.parametrize(
    ("first", "second", "cycle"),
    [
        pytest.param("import p.b", "from p.a import x", True, id="two modules"),
        pytest.param("from p import b", "def f():\n    import p.a", True, id="inside a function"),
        pytest.param("import p.a", "", True, id="itself"),
        pytest.param("import p.b", "import p.c", False, id="none"),
    ],
)
def test_import_cycle_is_detected(first: str, second: str, cycle: bool) -> None:
    """A cycle is detected wherever its imports are written."""
    modules = [Module("p", "", is_package=True), Module("p.a", first), Module("p.b", second)]
    assert bool(list(graph.no_import_cycles(modules))) is cycle


@pytest.mark.parametrize(
    ("inner", "detected"),
    [
        pytest.param("import redis", True, id="optional library"),
        pytest.param("import jwt", False, id="required library"),
    ],
)
def test_optional_library_behind_the_root_is_detected(inner: str, detected: bool) -> None:
    """Imports are followed through every module that the root package loads."""
    modules = [
        Module("oauth_guard", "from oauth_guard.guard import Guard", is_package=True),
        Module("oauth_guard.guard", "from oauth_guard.stores import redis"),
        Module("oauth_guard.stores.redis", inner),
    ]
    assert bool(list(graph.root_needs_no_optional_library(modules))) is detected
