"""Listed issuers are checked before a guard is built from them."""

from typing import Any

import pytest

from oauth_guard import (
    ClientSecretBasic,
    ConfigurationError,
    IntrospectionIssuer,
    JWTIssuer,
    MemoryStore,
)
from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.listed_issuers import (
    algorithms_of,
    check_listed,
    check_not_shared,
    check_store,
    published_name,
    published_names,
    validating,
)
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.testing import LocalIssuer

NAME = "https://as.example.com"
JWT = JWTIssuer(NAME, keys=LocalIssuer(NAME).jwks)
OPAQUE = IntrospectionIssuer(NAME, client=ClientSecretBasic("api", "secret"))


@pytest.mark.parametrize("issuers", [None, 5, NAME, [], [NAME], [5]], ids=repr)
def test_anything_but_a_list_of_issuers_is_a_configuration_error(issuers: object) -> None:
    """The message shows what to write."""
    with pytest.raises(ConfigurationError, match="issuers"):
        check_listed(issuers)


def test_listed_issuers_keep_their_order() -> None:
    """A generator is read once."""
    assert check_listed(iter([OPAQUE, JWT])) == (OPAQUE, JWT)


def test_jwts_of_a_name_are_validated_by_signature_if_one_issuer_does_that() -> None:
    """Otherwise they are introspected; an issuer of another name has no part in it."""
    assert validating(NAME, [OPAQUE, JWT]) == (JWT,)
    assert validating(NAME, [OPAQUE]) == (OPAQUE,)
    assert validating("https://other.example", [OPAQUE, JWT]) == ()
    with pytest.raises(ConfigurationError, match="twice"):
        validating(NAME, [JWT, JWT])
    with pytest.raises(ConfigurationError, match="twice"):
        validating(NAME, [OPAQUE, OPAQUE])


def test_algorithms_of_an_issuer_without_that_member_are_all() -> None:
    """So it validates each token that names it."""
    assert algorithms_of(JWT) == JWT.algorithms
    assert {"RS256", "HS256"} <= algorithms_of(OPAQUE)


def test_name_that_is_no_url_is_not_published() -> None:
    """Clients find the metadata by it."""
    assert published_name(JWT) == NAME
    assert published_name(JWTIssuer("as", keys=LocalIssuer(NAME).jwks)) is None


def test_group_of_issuers_that_share_tokens_is_a_configuration_error() -> None:
    """One issuer alone shares with no other."""
    check_not_shared([OPAQUE], [])
    with pytest.raises(ConfigurationError, match="share_tokens=True"):
        check_not_shared([], [OPAQUE, OPAQUE])


@pytest.mark.parametrize("store", [MemoryStore, {}, "redis://localhost", 5])
def test_store_that_lacks_a_member_is_a_configuration_error(store: Any) -> None:
    """A class too."""
    with pytest.raises(ConfigurationError, match="store= takes a store"):
        check_store(store)
    check_store(MemoryStore())
    check_store(None)


def test_metadata_names_listed_issuers_and_advertised_tenants_once() -> None:
    """Tenants that are not advertised are not named."""
    one, two = "https://one.example.com", "https://two.example.com"
    listed: list[Issuer | Tenants] = [
        Tenants(resolve=_find_none, advertised=[one, two]),
        JWTIssuer(one),
    ]
    assert published_names(listed) == (one, two)
    assert published_names([Tenants(resolve=_find_none)]) == ()


async def _find_none(_: str) -> None:
    return None
