"""Identity: the attributes of its token, and nothing can change them."""

import asyncio
import copy
import json
import pickle
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import copy_context
from dataclasses import fields
from typing import Any

import pytest

from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.identity import (
    ANONYMOUS,
    Identity,
    current_identity,
    reset_current_identity,
    set_current_identity,
)
from tests.unit.jose.forging import CLAIMS

_ISSUER = "https://as.example.com"
_NESTED = {
    **CLAIMS,
    "roles": ["ops"],
    "groups": ["g1"],
    "entitlements": ["e1"],
    "address": {"lines": ["a", {"floor": [1, 2]}], "empty": {}},
    "amr": [["pwd"], [], {"x": None}],
}

# Every way in which a value of the standard library lets itself be changed, tried on all.
_CHANGES: dict[str, Callable[[Any], object]] = {
    "setitem": lambda value: value.__setitem__("sub", "evil"),
    "setitem by index": lambda value: value.__setitem__(0, "evil"),
    "delitem": lambda value: value.__delitem__("sub"),
    "delitem by index": lambda value: value.__delitem__(0),
    "append": lambda value: value.append("evil"),
    "extend": lambda value: value.extend(["evil"]),
    "insert": lambda value: value.insert(0, "evil"),
    "remove": lambda value: value.remove("read"),
    "reverse": lambda value: value.reverse(),
    "sort": lambda value: value.sort(),
    "add": lambda value: value.add("evil"),
    "discard": lambda value: value.discard("read"),
    "update": lambda value: value.update({"sub": "evil"}),
    "update by name": lambda value: value.update(sub="evil"),
    "setdefault": lambda value: value.setdefault("evil", True),
    "pop": lambda value: value.pop("sub"),
    "pop the last": lambda value: value.pop(),
    "popitem": lambda value: value.popitem(),
    "clear": lambda value: value.clear(),
    "|=": lambda value: value.__ior__({"sub": "evil"}),
    "&=": lambda value: value.__iand__(set()),
    "-=": lambda value: value.__isub__({"read"}),
    "+=": lambda value: value.__iadd__(["evil"]),
    "*=": lambda value: value.__imul__(0),
    "a new attribute": lambda value: setattr(value, "evil", 1),
    "a new class": lambda value: setattr(value, "__class__", dict),
    "its dict": lambda value: vars(value).update(subject="evil"),
}


def _identity() -> Identity:
    token = AccessToken.from_claims(_NESTED, ClaimRules(_ISSUER))
    return Identity.from_token(token, raw="raw.token")


def _reachable(value: Any) -> Iterator[Any]:
    """Walk everything that an application can reach from *value*."""
    yield value
    if isinstance(value, Identity):
        below = [getattr(value, field.name) for field in fields(value)]
    elif isinstance(value, dict):
        below = list(value.values())
    else:
        below = list(value) if isinstance(value, tuple | frozenset) else []
    for each in below:
        yield from _reachable(each)


def test_everything_reachable_from_an_identity_is_immutable() -> None:
    """There are frozen dictionaries, tuples, frozensets and scalars only."""
    kinds = {type(value).__name__ for value in _reachable(_identity())}
    scalars = {"str", "int", "bool", "NoneType"}
    assert kinds == {"Identity", "FrozenDict", "tuple", "frozenset"} | scalars


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES)
def test_nothing_reachable_from_an_identity_can_be_changed(change: Callable[[Any], object]) -> None:
    """Every mutation raises, and changes nothing."""
    identity = _identity()
    for value in _reachable(identity):
        with pytest.raises((TypeError, AttributeError)):
            change(value)
    assert identity == _identity()
    assert json.dumps(identity.claims) == json.dumps(_NESTED)


@pytest.mark.parametrize("name", [field.name for field in fields(Identity)])
def test_attribute_of_an_identity_can_not_be_set_or_deleted(name: str) -> None:
    """It stays what the token says."""
    identity = _identity()
    with pytest.raises(AttributeError):
        setattr(identity, name, "evil")
    with pytest.raises(AttributeError):
        delattr(identity, name)
    assert identity == _identity()


def test_initialising_claims_again_changes_nothing() -> None:
    """No nested dictionary can be filled a second time."""
    identity = _identity()
    for value in _reachable(identity):
        if isinstance(value, dict | tuple | frozenset):
            with suppress(TypeError):
                value.__init__({"sub": "evil"})  # type: ignore[misc] # tried, to see it fail
    assert identity == _identity()


def test_identity_is_hashable_and_its_claims_are_json() -> None:
    """Equal identities have one hash."""
    assert json.loads(json.dumps(_identity().claims)) == _NESTED
    assert {_identity(): 1}[_identity()] == 1
    assert len({_identity(), ANONYMOUS}) == 2


@pytest.mark.parametrize(
    "duplicate",
    [
        copy.copy,
        copy.deepcopy,
        lambda identity: pickle.loads(pickle.dumps(identity)),  # noqa: S301 - our own
    ],
    ids=["copied", "copied deeply", "pickled"],
)
def test_identity_can_be_copied_and_pickled(duplicate: Callable[[Identity], Identity]) -> None:
    """The copy is an equal identity."""
    assert duplicate(_identity()) == _identity()


def test_identity_has_the_attributes_of_its_token() -> None:
    """The raw token only if it was passed."""
    identity = _identity()
    assert (identity.issuer, identity.subject, identity.client_id) == (_ISSUER, "u1", "c1")
    assert identity.is_authenticated
    assert [*identity.scopes, *identity.roles, *identity.groups, *identity.entitlements] == [
        *("read", "ops", "g1", "e1")
    ]
    assert identity.token == "raw.token"
    token = AccessToken.from_claims(CLAIMS, ClaimRules(_ISSUER))
    assert Identity.from_token(token).token is None


def test_anonymous_identity_has_no_attributes() -> None:
    """It is not authenticated."""
    assert not ANONYMOUS.is_authenticated
    assert (ANONYMOUS.kind, ANONYMOUS.identity, ANONYMOUS.display_name) == ("anonymous", "", "")
    assert Identity() == ANONYMOUS
    assert not any(getattr(ANONYMOUS, field.name) for field in fields(Identity))


@pytest.mark.parametrize(
    ("subject", "client_id", "kind"),
    [
        pytest.param("u1", "c1", "user", id="a user through a client"),
        pytest.param("u1", None, "user", id="a user through who knows what"),
        pytest.param("c1", "c1", "client", id="a client for itself"),
        pytest.param(None, "c1", "client", id="a client and no subject"),
        pytest.param(None, None, "unknown", id="neither is known"),
    ],
)
def test_token_whose_subject_is_its_client_is_a_client_token(
    subject: str | None, client_id: str | None, kind: str
) -> None:
    """It was issued to the client alone (RFC 9068 §2.2)."""
    identity = Identity(issuer=_ISSUER, subject=subject, client_id=client_id)
    assert (identity.kind, identity.identity) == (kind, subject or "")


def test_token_marked_by_its_issuer_is_a_client_token() -> None:
    """Whatever its subject is."""
    marked = Identity(
        issuer="https://as.example.com", subject="u1", client_id="c1", is_client_token=True
    )
    assert (marked.kind, marked.identity) == ("client", "u1")
    assert Identity(is_client_token=True).kind == "anonymous"
    assert Identity(issuer=_ISSUER, is_client_token=True).kind == "client"


@pytest.mark.parametrize(
    "name", ["username", "preferred_username", "unique_name", "upn", "email", "other"]
)
@pytest.mark.parametrize("client_id", ["c1", None])
def test_kind_is_unknown_if_a_token_without_subject_names_a_user(
    name: str, client_id: str | None
) -> None:
    """It is no client's token, and which user it is can't be said."""
    claims = {name: "ann", **({"client_id": client_id} if client_id else {})}
    rules = ClaimRules(_ISSUER, required_claims=frozenset())
    kind = Identity.from_token(AccessToken.from_claims(claims, rules)).kind
    assert kind == ("client" if name == "other" and client_id else "unknown")


@pytest.mark.parametrize("subject", ["", " ", None])
def test_blank_subject_is_no_user(subject: str | None) -> None:
    """All callers with such a token would be one user."""
    rules = ClaimRules(_ISSUER, required_claims=frozenset())
    claims = {"client_id": "c1"} if subject is None else {"client_id": "c1", "sub": subject}
    assert Identity.from_token(AccessToken.from_claims(claims, rules)).kind == "client"


@pytest.mark.parametrize(
    ("claims", "shown"),
    [
        pytest.param({"name": "Ada", "preferred_username": "ada"}, "Ada", id="the name"),
        pytest.param({"preferred_username": "ada"}, "ada", id="the user name"),
        pytest.param({"name": "", "preferred_username": 5}, "u1", id="neither is text"),
        pytest.param({}, "u1", id="the subject"),
        pytest.param({"sub": "c1"}, "c1", id="the client"),
    ],
)
def test_display_name_is_the_first_text_of_the_token(claims: dict[str, Any], shown: str) -> None:
    """Empty for an anonymous caller."""
    token = AccessToken.from_claims({**CLAIMS, **claims}, ClaimRules(_ISSUER))
    assert Identity.from_token(token).display_name == shown
    assert Identity(issuer=_ISSUER, client_id="c1").display_name == "c1"


def test_current_identity_is_that_of_the_request() -> None:
    """It is set and reset, and anonymous everywhere else."""
    assert current_identity() is ANONYMOUS
    outer = set_current_identity(_identity())
    inner = set_current_identity(ANONYMOUS)
    assert current_identity() is ANONYMOUS
    reset_current_identity(inner)
    assert current_identity() == _identity()
    reset_current_identity(outer)
    assert current_identity() is ANONYMOUS


def test_reset_in_another_context_does_nothing() -> None:
    """The garbage collector ends a request there if its event loop was closed."""
    earlier = copy_context().run(set_current_identity, _identity())
    reset_current_identity(earlier)
    assert current_identity() is ANONYMOUS


async def test_concurrent_tasks_have_their_own_current_identity() -> None:
    """However they interleave."""

    async def serve(subject: str) -> str | None:
        token = set_current_identity(Identity(issuer=_ISSUER, subject=subject))
        await asyncio.sleep(0)
        seen = current_identity().subject
        reset_current_identity(token)
        return seen

    subjects = [f"u{number}" for number in range(100)]
    assert await asyncio.gather(*map(serve, subjects)) == subjects
    assert current_identity() is ANONYMOUS


@pytest.mark.parametrize("name", ["subject", "_wrapped"])
def test_assignment_to_an_identity_is_rejected_with_a_sentence(name: str) -> None:
    """Channels' AuthMiddlewareStack sets `_wrapped`, which is no field of it."""
    identity = Identity(issuer=_ISSUER, subject="u1")
    sentence = f"attribute '{name}' can't be set or deleted"
    with pytest.raises(AttributeError, match=sentence):
        setattr(identity, name, "x")
    with pytest.raises(AttributeError, match=sentence):
        delattr(identity, name)
    assert identity.subject == "u1"
