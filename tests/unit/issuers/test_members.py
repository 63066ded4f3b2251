"""missing_member finds each public member of a protocol that an object lacks."""

from types import SimpleNamespace
from typing import Any

import pytest

from oauth_guard import JWTIssuer
from oauth_guard.interfaces import Issuer, KeySource
from oauth_guard.issuers.members import missing_member
from oauth_guard.issuers.static_keys import StaticKeySet
from oauth_guard.jose.key_set import KeySet
from oauth_guard.testing import LocalIssuer

LIFECYCLE = {"ready", "start", "load", "aclose"}
MEMBERS: dict[type, set[str]] = {
    Issuer: LIFECYCLE
    | {"validate", "issuer", "accepts_opaque", "accepts_unnamed_jwts", "can_introspect", "cache"},
    KeySource: LIFECYCLE | {"is_current", "verify"},
}


@pytest.mark.parametrize(
    ("protocol", "name"),
    [(protocol, name) for protocol, names in MEMBERS.items() for name in sorted(names)],
)
def test_object_without_one_member_lacks_that_member(protocol: type, name: str) -> None:
    """Members that a protocol inherits count as well."""
    members: dict[str, Any] = dict.fromkeys(MEMBERS[protocol])
    assert missing_member(SimpleNamespace(**members), protocol) is None
    del members[name]
    assert missing_member(SimpleNamespace(**members), protocol) == name


def test_own_classes_lack_no_member() -> None:
    """A member may be an attribute, a property or a method."""
    local = LocalIssuer()
    assert missing_member(JWTIssuer(local.issuer, keys=local.jwks), Issuer) is None
    assert missing_member(StaticKeySet(KeySet(())), KeySource) is None
