"""missing_member finds each public member of a protocol that an object lacks."""

from types import SimpleNamespace
from typing import Any

import pytest

from oauth_guard import ClientSecretBasic, Guard, IntrospectionIssuer, JWTIssuer
from oauth_guard.errors import IssuerUnavailable
from oauth_guard.interfaces import Issuer, KeySource
from oauth_guard.issuers.members import add_resource, missing_member
from oauth_guard.issuers.static_keys import StaticKeySet
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.jose.key_set import KeySet
from oauth_guard.protocol.request import ResourceRequest
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


class RecordingIssuer(IntrospectionIssuer):
    """An issuer that records the resources of its guards."""

    def __init__(self) -> None:
        super().__init__(LocalIssuer().issuer, client=ClientSecretBasic("api", "secret"))
        self.recorded: list[str] = []

    def add_resource(self, resource: str) -> None:
        """Record *resource*."""
        self.recorded.append(resource)


def test_issuer_receives_the_resource_of_its_guard() -> None:
    """A listed one, or one at `introspection=`; an issuer without the method is left alone."""
    listed, inner = RecordingIssuer(), RecordingIssuer()
    outer = JWTIssuer(inner.issuer, keys=LocalIssuer().jwks, introspection=inner)
    Guard("https://api.test", [listed])
    Guard("https://other.test", [outer])
    assert (listed.recorded, inner.recorded) == (["https://api.test"], ["https://other.test"])
    add_resource(SimpleNamespace(), "https://api.test")


async def test_tenant_receives_the_resource_of_its_guard() -> None:
    """When it is looked up for the first time."""
    local, tenant = LocalIssuer(), RecordingIssuer()

    async def resolve(_: str) -> Issuer:
        return tenant

    guard = Guard("https://api.test", [Tenants(resolve=resolve)])
    request = ResourceRequest({"headers": [(b"authorization", f"Bearer {local.token()}".encode())]})
    with pytest.raises(IssuerUnavailable):
        await guard.authenticate(request)
    assert tenant.recorded == ["https://api.test"]
    await guard.aclose()
