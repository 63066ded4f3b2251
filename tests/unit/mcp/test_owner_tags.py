"""OwnerTags: an identifier is usable for its owner alone."""

import pytest
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser

from oauth_guard import ConfigurationError, Identity
from oauth_guard.mcp.caller import Callers
from oauth_guard.mcp.owner_tags import OwnerTags, owner_of

KEY = b"k" * 32


def _user(issuer: str = "https://as.example.com", **fields: str) -> AuthenticatedUser:
    identity = Identity(issuer=issuer, **fields)  # type: ignore[arg-type] # fields
    return Callers("https://mcp.example.com/mcp").user_of(identity, lambda: "token")


def test_identifier_is_returned_to_its_owner_alone() -> None:
    """An identifier may contain the separator."""
    tags = OwnerTags(KEY)
    first, second = owner_of(_user(subject="u1")), owner_of(_user(subject="u2"))
    tagged = tags.add(b"a.b", first)
    assert tags.remove(tagged, first) == b"a.b"
    assert tags.remove(tagged, second) is None
    assert OwnerTags(None).remove(tagged, first) is None


@pytest.mark.parametrize(
    "forged", [b"", b".", b"a", b"a.", b"b.%s", b"a.b.%s", b"a.%s.", b"a.%s="], ids=str
)
def test_tag_of_another_identifier_is_none(forged: bytes) -> None:
    """Whatever is around it."""
    tags, owner = OwnerTags(KEY), owner_of(None)
    tag = tags.add(b"a", owner).rpartition(b".")[2]
    assert tags.remove(forged.replace(b"%s", tag), owner) is None


def test_owners_differ_in_issuer_subject_and_client() -> None:
    """No two are the same by joining their names."""
    users = [
        None,
        _user(subject="u1", client_id="c1"),
        _user(subject="u1", client_id="c2"),
        _user(subject="u2", client_id="c1"),
        _user("https://other.example.com", subject="u1", client_id="c1"),
        _user(subject="u1', 'c1", client_id=""),
        _user(client_id="c1"),
    ]
    assert len({owner_of(user) for user in users}) == len(users)


def test_short_key_is_refused() -> None:
    """It could be guessed."""
    with pytest.raises(ConfigurationError, match="at least 32 secret bytes"):
        OwnerTags(b"k" * 31)
