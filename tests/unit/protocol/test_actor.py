"""Actor: the outermost act object of a token, and those inside it."""

from typing import Any

import pytest

from oauth_guard.jose.frozen import freeze
from oauth_guard.protocol.actor import actor_of


@pytest.mark.parametrize("act", ["svc-a", ["svc-a"], None, 1, {}, {"sub": 1}, {"sub": None}])
def test_malformed_actor_has_no_name(act: Any) -> None:
    """It is an actor all the same, so no caller passes for the subject alone."""
    actor = actor_of(freeze({"act": act}))
    assert actor is not None
    assert actor.subject is None


def test_chain_of_actors_is_readable() -> None:
    """From the current one to the first; its repr shows no claim."""
    claims = freeze({"act": {"sub": "b", "iss": "https://b.test", "act": {"sub": "a"}}})
    actor = actor_of(claims)
    assert actor is not None
    assert (actor.subject, actor.issuer) == ("b", "https://b.test")
    assert actor.claims["act"] == {"sub": "a"}
    earlier = actor.actor
    assert earlier is not None
    assert (earlier.subject, earlier.issuer, earlier.actor) == ("a", None, None)
    assert repr(actor) == "<Actor>"
    assert hash(actor) != hash(earlier)


def test_may_act_names_no_actor() -> None:
    """It says who may become one (RFC 8693 §4.4)."""
    assert actor_of(freeze({})) is None
    assert actor_of(freeze({"may_act": {"sub": "a"}})) is None
