"""KINDS: what the tables of a configuration file build."""

import pytest

from oauth_guard.config.kinds import GUARD, KINDS, MIDDLEWARE, any_scope, builder, lengths
from oauth_guard.errors import ConfigurationError
from oauth_guard.issuers import client_auth, presets

TARGETS = [GUARD, MIDDLEWARE, *(target for kinds in KINDS.values() for target in kinds.values())]


@pytest.mark.parametrize("target", TARGETS)
def test_target_of_a_kind_can_be_imported(target: str) -> None:
    """A name that is misspelled here would be found only by an operator."""
    assert callable(builder(target))


def test_every_preset_and_client_authentication_is_a_kind() -> None:
    """A new one can't be forgotten."""
    targets = set(TARGETS)
    names = {f"oauth_guard.issuers.presets:{each}" for each in presets.__all__}
    authentications = {
        f"oauth_guard.issuers.client_auth:{each}"
        for each in client_auth.__all__
        if each not in {"ClientAuthentication", "check_authentication"}
    }
    assert names | authentications <= targets


@pytest.mark.parametrize("target", ["missing:name", "oauth_guard:missing", "oauth_guard"])
def test_object_that_can_not_be_imported_is_an_error(target: str) -> None:
    """The text names it."""
    if target == "oauth_guard":
        target = "oauth_guard.guard:Guard.missing"
    with pytest.raises(ConfigurationError, match="can't be imported"):
        builder(target)


def test_any_scope_is_satisfied_by_one_of_its_scopes() -> None:
    """None at all is an error."""
    assert any_scope(("a", "b")).satisfied_by(frozenset({"b"}))
    assert not any_scope(("a", "b")).satisfied_by(frozenset({"c"}))
    with pytest.raises(ConfigurationError):
        any_scope(())


def test_lengths_include_both_ends() -> None:
    """As an operator counts."""
    assert [length in lengths(2, 4) for length in (1, 2, 4, 5)] == [False, True, True, False]
