"""Cached tokens take no more memory than the guard allows, whatever their size."""

from typing import Any

import pytest

from oauth_guard import ConfigurationError, Guard, IntrospectionIssuer, JWTIssuer
from oauth_guard.byte_budget import MAX_CACHE_BYTES, ByteBudget, cache_budgets
from oauth_guard.issuers.client_auth import ClientSecretBasic
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer


@pytest.mark.parametrize("size", [-1, 1.5, "64 MiB", True, None])
def test_size_of_caches_that_is_no_number_of_bytes_is_a_configuration_error(size: Any) -> None:
    """The message says what it is."""
    with pytest.raises(ConfigurationError, match="max_cache_bytes= is a number of bytes"):
        cache_budgets(size)
    with pytest.raises(ConfigurationError, match="max_cache_bytes="):
        Guard("https://api.test", [JWTIssuer("https://as.test")], max_cache_bytes=size)


def test_identities_and_introspection_results_have_half_of_the_memory_each() -> None:
    """Neither can take all."""
    identities, results = cache_budgets(MAX_CACHE_BYTES)
    assert identities.limit == results.limit == 32 * 2**20
    assert identities is not results
    budget = ByteBudget(10)
    budget.used = 4
    assert budget.fits(6)
    assert not budget.fits(7)


@pytest.mark.parametrize("opaque", [False, True], ids=["JWTs", "opaque tokens"])
async def test_tokens_of_any_size_take_no_more_memory_than_the_guard_allows(opaque: bool) -> None:
    """Old entries are evicted, and requests go on."""
    local = LocalIssuer()
    client = ClientSecretBasic("api", "secret")
    issuer = (
        IntrospectionIssuer(local.issuer, client=client, http=local.http)
        if opaque
        else JWTIssuer(local.issuer, keys=local.jwks)
    )
    guard = Guard(local.audience, [issuer], max_cache_bytes=400_000)
    claims: dict[str, Any] = {"x": [{"name": f"n{n}"} for n in range(200)], "aud": local.audience}
    budgets = [vars(vars(guard)["_cache"])["_budget"]]
    if opaque:
        (cache,) = vars(vars(guard)["_issuers"])["_issuers"]
        budgets.append(vars(vars(cache)["_active"])["_budget"])
    for number in range(40):
        token = (
            local.introspection.issue({**claims, "sub": str(number)})
            if opaque
            else local.token("read", **claims, jti=str(number))
        )
        header = f"Bearer {token}".encode()
        await guard.authenticate(ResourceRequest({"headers": [(b"authorization", header)]}))
        assert all(0 < each.used <= 200_000 for each in budgets)
    assert len(vars(vars(guard)["_cache"])["_entries"]) < 10
    await guard.aclose()


async def test_guard_without_memory_for_caches_validates_each_time() -> None:
    """Nothing is stored."""
    local = LocalIssuer()
    guard = Guard(local.audience, [JWTIssuer(local.issuer, keys=local.jwks)], max_cache_bytes=0)
    header = f"Bearer {local.token('read')}".encode()
    request = ResourceRequest({"headers": [(b"authorization", header)]})
    assert await guard.authenticate(request) is not await guard.authenticate(request)
    assert not vars(vars(guard)["_cache"])["_entries"]
    await guard.aclose()
