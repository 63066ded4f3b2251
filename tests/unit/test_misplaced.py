"""Misplaced: each wrong place raises advice; test_fastapi.py writes it in these places."""

from functools import partial

import pytest

from oauth_guard.errors import ConfigurationError
from oauth_guard.misplaced import Misplaced, MisplacedInFastAPI, reject_misuse


def test_dependency_in_a_wrong_place_raises_advice() -> None:
    """As a list, in `Depends`, as a type and as a part of one."""
    with pytest.raises(ConfigurationError, match="takes a list"):
        list(Misplaced())
    with pytest.raises(ConfigurationError, match=r"without Depends\(\)"):
        vars(Misplaced)["__signature__"].fget(Misplaced())
    misplaced = Misplaced()
    with pytest.raises(ConfigurationError, match="no type"):
        misplaced.__get_pydantic_core_schema__(misplaced, None)
    with pytest.raises(ConfigurationError, match="is the whole annotation of a parameter"):
        misplaced.__get_pydantic_core_schema__(int, None)


def test_decorator_of_starlette_in_fastapi_raises_advice() -> None:
    """In a list of dependencies, in `Depends` and as a type."""
    misplaced = MisplacedInFastAPI()
    for place in (
        lambda: misplaced.dependency,
        lambda: vars(MisplacedInFastAPI)["__signature__"].fget(misplaced),
        partial(MisplacedInFastAPI.__get_pydantic_core_schema__, misplaced),
    ):
        with pytest.raises(ConfigurationError, match=r"requires of oauth_guard\.fastapi"):
            place()  # type: ignore[no-untyped-call] # as pydantic calls it


def test_annotation_that_may_have_no_subclass_stays_without_advice() -> None:
    """A later Python may not allow one; what is annotated works nevertheless."""
    alias = list[int]  # has no such subclass
    reject_misuse(alias, "Numbers", int)
    assert alias() == []
