"""What keys, endpoints and stores measure about themselves, before, in and after an outage."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from oauth_guard import Guard, IntrospectionIssuer, JWTIssuer
from oauth_guard.deny_list import DenyList
from oauth_guard.errors import IssuerUnavailable
from oauth_guard.issuers.client_auth import ClientSecretBasic
from oauth_guard.issuers.jwks_cache import JWKSCache
from oauth_guard.possession import DPoP
from oauth_guard.protocol.measurements import MEASUREMENTS
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import DPoPKey, LocalIssuer
from tests.builders.clock import FakeClock
from tests.builders.local_notices import LocalNotices

RESOURCE = "https://api.test"


def measured(guard: Guard) -> dict[str, float]:
    """Return the measurements by name; each name is in the table."""
    found = list(guard.measurements())
    assert {each.name for each in found} <= MEASUREMENTS.keys()
    return {each.name: each.value for each in found}


def request(token: str) -> ResourceRequest:
    """Return a request with a token."""
    return ResourceRequest(
        {"path": "/r", "headers": [(b"authorization", b"Bearer " + token.encode())]}
    )


async def until(condition: Callable[[], bool]) -> None:
    """Let other tasks run until *condition* is true."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError


async def test_keys_have_an_age_and_become_stale_in_an_outage() -> None:
    """By the monotonic clock; the fetches are those that were started."""
    local, clock = LocalIssuer(audience=RESOURCE), FakeClock(0)
    cache = JWKSCache(max_age=100, stale_if_error=1000)
    issuer = JWTIssuer(local.issuer, http=local.http, jwks_cache=cache, clock=clock)
    guard = Guard(RESOURCE, [issuer])
    assert measured(guard) == {"key_fetches": 0, "key_fetch_failures": 0, "open_connections": 0}
    await guard.authenticate(request(local.token()))
    clock.advance(70)
    found = measured(guard)
    assert (found["keys_age_seconds"], found["keys_stale"], found["key_fetches"]) == (70, False, 1)
    local.outage = lambda _: httpx.Response(500)
    clock.advance(31)
    await guard.authenticate(request(local.token(sub="another")))
    await until(lambda: measured(guard)["key_fetch_failures"] > 0)
    found = measured(guard)
    assert (found["keys_age_seconds"], found["keys_stale"], found["key_fetches"]) == (101, True, 2)
    (about,) = {each.issuer for each in guard.measurements() if each.name != "open_connections"}
    assert about == local.issuer
    await guard.aclose()


async def test_introspection_in_progress_is_counted() -> None:
    """A JWT issuer has the measurements of its introspection too."""
    local, release = LocalIssuer(audience=RESOURCE), asyncio.Event()
    client = ClientSecretBasic("api", "secret")

    def introspection() -> IntrospectionIssuer:
        return IntrospectionIssuer(local.issuer, http=local.http, client=client)

    async def respond(_: httpx.Request) -> httpx.Response:
        await release.wait()
        return httpx.Response(500)

    signed = JWTIssuer(local.issuer, keys=local.jwks, introspection=introspection())
    assert measured(Guard(RESOURCE, [signed]))["introspections_in_flight"] == 0
    guard = Guard(RESOURCE, [introspection()])
    await guard.start()
    await guard.authenticate(request(local.opaque_token()))
    local.outage = respond
    task = asyncio.create_task(guard.authenticate(request(local.opaque_token())))
    await until(lambda: measured(guard)["introspections_in_flight"] == 1)
    release.set()
    with pytest.raises(IssuerUnavailable):
        await task
    found = measured(guard)
    assert (found["introspections_in_flight"], found["introspection_down"]) == (0, False)
    await guard.aclose()


async def test_revocations_and_the_age_of_shared_ones_are_measured() -> None:
    """An own list has no age; a shared one has none until it was read."""
    clock, notices = FakeClock(0), LocalNotices()
    shared = DenyList(notices, monotonic=clock)
    issuers = [JWTIssuer("https://as.test")]
    guard = Guard(RESOURCE, issuers, deny_list=shared)
    assert measured(guard)["revocations"] == 0
    assert "revocations_age_seconds" not in measured(guard)
    await guard.revoke("https://as.test", subject="u1")
    await shared.load()
    clock.advance(7)
    assert measured(guard)["revocations_age_seconds"] == 7
    assert measured(guard)["revocations"] == 1
    await guard.aclose()
    own = Guard(RESOURCE, issuers, deny_list=DenyList())
    assert "revocations_age_seconds" not in measured(own)


async def test_proofs_that_are_remembered_are_counted() -> None:
    """Each is remembered until it expires."""
    key, local = DPoPKey(), LocalIssuer(audience=RESOURCE)
    guard = Guard(RESOURCE, [JWTIssuer(local.issuer, keys=local.jwks)], dpop=DPoP())
    assert measured(guard) == {"proofs_remembered": 0, "open_connections": 0}
    token = local.token(cnf=key.cnf)
    headers = key.headers(token, "GET", f"{RESOURCE}/r").items()
    fields = [(name.lower().encode(), value.encode()) for name, value in headers]
    await guard.authenticate(ResourceRequest({"path": "/r", "headers": fields}))
    assert measured(guard)["proofs_remembered"] == 1
