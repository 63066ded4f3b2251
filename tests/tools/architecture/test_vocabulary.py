"""The vocabulary rules detect banned words, and accept technical terms that contain one."""

import pytest

from tests.tools.architecture import vocabulary
from tests.tools.architecture.source import Module


def _module(text: str, name: str = "oauth_guard.jose.key_set") -> Module:
    return Module(name, f'"""Provides one thing."""\n{text}\n')


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("def answer(): pass", id="function"),
        pytest.param("async def f_asks(): pass", id="coroutine"),
        pytest.param("class OddKey: pass", id="class"),
        pytest.param("class JWTJudge: pass", id="after an abbreviation"),
        pytest.param("class KeyFlights: pass", id="flights"),
        pytest.param("def f(*, ill=False): pass", id="parameter"),
        pytest.param("word = 1", id="variable"),
        pytest.param("_QUICK = 1", id="constant"),
        pytest.param("def f(self): self.held = 1", id="attribute"),
        pytest.param("import json as anew", id="import"),
        pytest.param("try: pass\nexcept OSError as told: pass", id="exception"),
    ],
)
def test_banned_term_in_an_identifier_is_detected(text: str) -> None:
    """Every kind of definition and assignment is read."""
    assert list(vocabulary.identifiers_are_technical(_module(text)))


def test_banned_term_in_a_module_name_is_detected() -> None:
    """A file name is an identifier too."""
    module = _module("", name="oauth_guard.quick_way")
    assert list(vocabulary.identifiers_are_technical(module))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('def f():\n    """Judge it."""', id="docstring"),
        pytest.param('X = 1\n"""What the issuer told."""', id="docstring of an attribute"),
        pytest.param("x = 1  # nobody reads it", id="comment"),
        pytest.param('def f():\n    """Send both at\n    once."""', id="across two lines"),
    ],
)
def test_banned_term_in_prose_is_detected(text: str) -> None:
    """Docstrings and comments are read, capital letters and line breaks notwithstanding."""
    assert list(vocabulary.prose_is_technical(_module(text)))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("class Singleflight: pass", id="single flight"),
        pytest.param("single_flight = 1", id="single flight, as a module"),
        pytest.param("PASSWORD = keyword = 1", id="part of a longer word"),
        pytest.param("task = willing = oddly = 1", id="inside a word"),
        pytest.param('x = {"answer": 1}', id="string"),
        pytest.param("from a import answer", id="name of another library"),
        pytest.param('def f():\n    """Hold the lock; skill, standard."""', id="allowed in prose"),
    ],
)
def test_technical_term_is_accepted(text: str) -> None:
    """Strings, names that other libraries define, and longer words are not restricted."""
    module = _module(text)
    assert list(vocabulary.identifiers_are_technical(module)) == []
    assert list(vocabulary.prose_is_technical(module)) == []


@pytest.mark.parametrize(
    ("name", "detected"),
    [
        pytest.param("test_it_works", True, id="no subject"),
        pytest.param("test_odd_key_is_skipped", True, id="banned word"),
        pytest.param("test_expired_token_is_rejected", False, id="subject, condition, result"),
    ],
)
def test_undescriptive_test_name_is_detected(name: str, detected: bool) -> None:
    """The name of a test says subject, condition and result."""
    complaints = list(vocabulary.names_of_tests_are_descriptive(_module(f"def {name}(): pass")))
    assert bool(complaints) is detected
