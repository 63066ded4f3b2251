"""describe(): each member of a requirement in words."""

import pytest

from oauth_guard import scope
from oauth_guard.protocol.requirement import DENIED, Requirement
from oauth_guard.protocol.requirement_text import describe


@pytest.mark.parametrize(
    ("requirement", "text"),
    [
        (Requirement(), ""),
        (DENIED, "denied"),
        (Requirement.of("read", "write"), "read write"),
        (Requirement.of(scope("a") | scope("b"), roles=["y", "x"]), "a roles=x|y"),
        (Requirement.of(binding="dpop", max_age=60), "binding=dpop max_age=60"),
        (Requirement.of(acr="phr", actor="gateway"), "acr=phr actor=gateway"),
        (Requirement.of(users_only=True, introspect=True), "users_only introspect"),
        (Requirement.of(details={"type": "payment"}), "details"),
        (Requirement.of("read", policy="order"), "read policy=order"),
    ],
)
def test_requirement_is_described_by_what_it_requires(requirement: Requirement, text: str) -> None:
    """Names of lists are sorted."""
    assert describe(requirement) == text
