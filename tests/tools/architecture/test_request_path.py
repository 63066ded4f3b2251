"""The library makes each decision of the request path in one place, and the rule detects others."""

import pytest

from tests.tools.architecture.request_path import (
    CALLED_IN,
    decisions_are_made_in_one_place,
    policies_are_evaluated_everywhere,
)
from tests.tools.architecture.source import Module, modules_of

LIBRARY = modules_of("oauth_guard")


def test_library_makes_each_decision_in_one_place() -> None:
    """One function decides who calls, one module what may be reused, one function who may."""
    complaints = [c for module in LIBRARY for c in decisions_are_made_in_one_place(module)]
    assert complaints == []


@pytest.mark.parametrize("name", CALLED_IN)
def test_every_decision_of_the_rule_exists(name: str) -> None:
    """Else a rename would leave a rule that detects nothing."""
    definitions = (f"def {name}(", f"class {name}:")
    assert any(text in module.text for module in LIBRARY for text in definitions)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        pytest.param("middleware", "def f(r): r.read_credentials(m)", id="credentials read twice"),
        pytest.param("fastapi", "async def f(g): await g.authenticate(r)", id="a second path"),
        pytest.param("starlette", "def f(r, i): return r.violation(i)", id="a second decision"),
        pytest.param("middleware", "def __call__(s): s.satisfied_by(i)", id="scopes compared"),
        pytest.param("middleware", "CACHE = IdentityCache()", id="another cache"),
        pytest.param(
            "guard", "def authorize(self): self._cache.get(k, 0)", id="cache read elsewhere"
        ),
        pytest.param("guard", "def introspect(self): self._cache.clear()", id="cache changed"),
        pytest.param(
            "token_validation", "def validate_token(s): s._cache.get(k, 0)", id="two look-ups"
        ),
        pytest.param("guard", "def f(): return [g.authorize(i, r) for g in gs]", id="in a list"),
        pytest.param("asgi", "class C:\n def f(s):\n  return s.violation(1)", id="in a method"),
    ],
)
def test_decision_in_another_place_is_detected(place: str, text: str) -> None:
    """Whether it is called as a function or as a method."""
    module = Module(f"oauth_guard.{place}", text)
    assert list(decisions_are_made_in_one_place(module))


def test_library_evaluates_policies_wherever_it_authorizes() -> None:
    """`Guard.authorize` raises an error for a policy, so none is passed over either."""
    complaints = [c for module in LIBRARY for c in policies_are_evaluated_everywhere(module)]
    assert complaints == []


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("def f(g, i, r): g.authorize(i, r)", True),
        ("async def f(g, i, r): g.authorize(i, r); await g.authenticate(r)", True),
        ("def f(g, i, r):\n if not r.needs_io:\n  g.authorize(i, r)", False),
        ("async def f(g, i, r): g.authorize(i, r); await g.authorize_request(i, r)", False),
    ],
    ids=["sync", "async", "only without I/O", "with I/O too"],
)
def test_place_without_a_policy_is_detected(text: str, *, is_found: bool) -> None:
    """By the names in the function."""
    module = Module("oauth_guard.new_door", text)
    assert bool(list(policies_are_evaluated_everywhere(module))) == is_found
