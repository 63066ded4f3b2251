"""declared: what pyproject.toml says about versions, and the lowest of them."""

import pytest
from packaging.requirements import Requirement

from tests.robustness.versions.declared import (
    LIBRARY_EXTRAS,
    TOOLS,
    lowest,
    requirements,
    supported_pythons,
)


def test_supported_versions_of_python_have_no_gap() -> None:
    """They begin with the one of `requires-python`."""
    numbers = [int(each.removeprefix("3.")) for each in supported_pythons()]
    assert numbers == list(range(11, 11 + len(numbers)))


@pytest.mark.parametrize("extra", [*LIBRARY_EXTRAS, "demo", "guide", "dev"])
def test_every_requirement_has_one_lowest_version(extra: str) -> None:
    """So they can be installed."""
    declared = requirements([extra])
    assert len(lowest(declared)) == len(declared) > 0
    assert not any(each.startswith("oauth-guard") for each in declared)


def test_extras_that_an_extra_names_are_included() -> None:
    """django-rest-framework names django."""
    names = {Requirement(each).name for each in requirements(["django-rest-framework"])}
    assert {"django", "djangorestframework", "starlette"} <= names


def test_requirements_can_be_limited_to_names() -> None:
    """Those of `dev` are many, and the core needs few."""
    assert len(requirements(["dev"], TOOLS)) == len(TOOLS)


def test_lowest_version_keeps_extras_and_marker() -> None:
    """An upper limit does not matter."""
    declared = ["one[b,a]>=1.2,<2; python_version < '4'", "two==3"]
    assert lowest(declared) == ['one[a,b]==1.2 ; python_version < "4"', "two==3"]


@pytest.mark.parametrize("declared", ["one", "one<2", "one>=1,>=2"])
def test_requirement_without_one_lowest_version_is_rejected(declared: str) -> None:
    """Nothing could be tried."""
    with pytest.raises(ValueError, match="has no lowest version"):
        lowest([declared])
