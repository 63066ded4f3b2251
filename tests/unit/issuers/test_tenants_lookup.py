"""TenantDirectory: lookups are bounded in time, number and rate."""

import asyncio
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import pytest

from oauth_guard import JWTIssuer
from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.introspection_cache import IntrospectionCache
from oauth_guard.issuers.tenants import TenantDirectory, Tenants
from oauth_guard.testing import LocalIssuer
from tests.builders.clock import FakeClock
from tests.builders.jwt_issuer import wait_for_background_tasks
from tests.builders.scripted_issuer import ScriptedIssuer

A, B, C = "https://a.example", "https://b.example", "https://c.example"


class Recording(JWTIssuer):
    """An issuer that counts how often it was started and closed."""

    stuck = False

    def __init__(self, name: str) -> None:
        super().__init__(name, keys=LocalIssuer(name).jwks, insecure_http=True)
        self.started = 0
        self.closed = 0

    def start(self) -> None:
        """Count."""
        self.started += 1

    async def aclose(self) -> None:
        """Count, and fail if stuck."""
        self.closed += 1
        if self.stuck:
            raise OSError("stuck")


class Resolver:
    """A resolver, and the directory that calls it.

    Attributes:
        tenants: The tenants that it knows.
        names: The names that were looked up, in order.
        failure: The exception that it raises, if any.
        open: An event; while it is cleared, the resolver does not return.
    """

    def __init__(
        self,
        *names: str,
        **settings: Any,
    ) -> None:
        self.tenants: dict[str, Issuer] = {name: Recording(name) for name in names}
        self.names: list[str] = []
        self.failure: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.clock = FakeClock(1000)
        self.directory = TenantDirectory(
            Tenants(resolve=self.resolve, **settings), clock=self.clock, monotonic=self.clock
        )

    async def resolve(self, name: str) -> Issuer | None:
        """Look *name* up."""
        self.names.append(name)
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        return self.tenants.get(name)

    async def find(self, name: str) -> Issuer | Reason | None:
        """Return what the directory finds for *name*, or the reason of the outage."""
        try:
            return await self.directory.find(name)
        except IssuerUnavailable as error:
            return error.reason if error.issuer == "tenants" else None

    def tenant(self, name: str) -> Recording:
        """Return the tenant of that name."""
        tenant = self.tenants[name]
        assert isinstance(tenant, Recording)
        return tenant


async def test_tenant_is_looked_up_once_in_its_cache_time() -> None:
    """After that it is looked up again, and the same issuer stays in use."""
    resolver = Resolver(A, cache_for=300)
    for _ in range(3):
        assert await resolver.find(A) is resolver.tenants[A]
    resolver.clock.advance(299)
    await resolver.find(A)
    assert resolver.names == [A]
    resolver.clock.advance(1)
    assert await resolver.find(A) is resolver.tenants[A]
    assert resolver.names == [A, A]
    assert (resolver.tenant(A).started, resolver.tenant(A).closed) == (1, 0)


async def test_removed_tenant_is_closed_when_its_cache_time_ends() -> None:
    """Its tokens are rejected from then on."""
    resolver = Resolver(A)
    await resolver.find(A)
    former = resolver.tenant(A)
    resolver.tenants.clear()
    assert await resolver.find(A) is former
    resolver.clock.advance(300)
    assert await resolver.find(A) is None
    assert former.closed == 1


async def test_other_issuer_object_of_the_name_replaces_the_former_one() -> None:
    """The former one is closed, even if that fails."""
    resolver = Resolver(A)
    await resolver.find(A)
    former = resolver.tenant(A)
    former.stuck = True
    resolver.tenants[A] = Recording(A)
    resolver.clock.advance(300)
    assert await resolver.find(A) is resolver.tenants[A]
    assert former.closed == 1
    assert (resolver.tenant(A).started, resolver.tenant(A).closed) == (1, 0)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("a", id="no URL"),
        pytest.param("https://", id="no host"),
        pytest.param("http://a.example", id="http"),
        pytest.param("ftp://a.example", id="another scheme"),
        pytest.param("javascript:alert(1)", id="a script"),
        pytest.param("https://a.example?x", id="a query"),
        pytest.param("https://a.example#x", id="a fragment"),
        pytest.param("https://u:p@a.example", id="a password"),
        pytest.param("https://a.example:x", id="a port that is none"),
        pytest.param("https://a.example/é", id="not ASCII"),
        pytest.param("https://a.example/\ud800", id="half a character"),
        pytest.param("https://a.example/\n", id="a line feed"),
        pytest.param("https://a.example/" + "x" * 2031, id="2049 characters"),
    ],
)
async def test_name_that_no_issuer_may_have_is_not_looked_up(name: str) -> None:
    """And it is not cached."""
    resolver = Resolver(A)
    assert await resolver.find(name) is None
    assert not resolver.names


async def test_long_name_and_allowed_http_name_are_looked_up() -> None:
    """Up to 2048 characters; http names with `insecure_http`."""
    long = "https://a.example/" + "x" * 2030
    resolver = Resolver(long)
    assert await resolver.find(long) is resolver.tenants[long]
    private = Resolver("http://keycloak:8080", insecure_http=True)
    assert await private.find("http://keycloak:8080")


async def test_unknown_name_is_cached_for_5_seconds() -> None:
    """A new tenant is found no later than that."""
    resolver = Resolver()
    for _ in range(3):
        assert await resolver.find(A) is None
    assert resolver.names == [A]
    resolver.tenants[A] = Recording(A)
    resolver.clock.advance(4.9)
    assert await resolver.find(A) is None
    resolver.clock.advance(0.1)
    assert await resolver.find(A) is resolver.tenants[A]


async def test_flood_of_unknown_names_evicts_no_tenant() -> None:
    """And it takes bounded memory and work."""
    resolver = Resolver(A, B, max_lookups_per_second=20_000, cache_for=10)
    await resolver.find(A)
    for number in range(10_100):
        await resolver.find(f"https://unknown.example/{number}")
    assert await resolver.find(A) is resolver.tenants[A]
    assert resolver.names.count(A) == 1
    assert await resolver.find("https://unknown.example/10099") is None
    assert len(resolver.names) == 10_101
    await resolver.find("https://unknown.example/99")  # evicted by later unknown names
    assert len(resolver.names) == 10_102


async def test_oldest_unknown_name_is_evicted_first() -> None:
    """A name that is looked up again becomes the newest."""
    resolver = Resolver(max_lookups_per_second=20_000)
    await resolver.find(A)
    resolver.clock.advance(5)
    for number in range(9_999):
        await resolver.find(f"https://unknown.example/{number}")
    await resolver.find(A)
    await resolver.find(B)  # one more than the limit
    resolver.names.clear()
    await resolver.find(A)
    assert not resolver.names
    await resolver.find("https://unknown.example/0")
    assert resolver.names == ["https://unknown.example/0"]


async def test_lookup_runs_in_an_empty_context() -> None:
    """It serves many requests, so it must not see the identity of one."""
    caller: ContextVar[str] = ContextVar("caller", default="none")
    seen: list[str] = []

    async def resolve(_: str) -> Issuer | None:
        seen.append(caller.get())
        return None

    directory = TenantDirectory(
        Tenants(resolve=resolve), clock=FakeClock(1000), monotonic=FakeClock(1000)
    )
    caller.set("ada")
    await directory.find(A)
    assert seen == ["none"]


async def test_lookups_of_unknown_names_are_limited_and_renewals_are_not_affected() -> None:
    """A name beyond the limit is an outage; a cached tenant is renewed all the same."""
    resolver = Resolver(A, B, max_lookups_per_second=3)
    await resolver.find(A)
    resolver.clock.advance(300)
    verdicts = [await resolver.find(f"https://unknown.example/{number}") for number in range(5)]
    assert verdicts == [None, None, None, Reason.BUSY, Reason.BUSY]
    assert await resolver.find(B) == Reason.BUSY
    assert await resolver.find(A) is resolver.tenants[A]
    resolver.clock.advance(1)
    assert await resolver.find(B) is resolver.tenants[B]


async def test_least_recently_used_tenant_is_evicted() -> None:
    """It is closed, and found again when its next token arrives."""
    resolver = Resolver(A, B, C, max_tenants=2)
    for name in (A, B, A, C):
        await resolver.find(name)
    assert [resolver.tenant(name).closed for name in (A, B, C)] == [0, 1, 0]
    await resolver.find(A)
    assert resolver.names == [A, B, C]
    await resolver.find(B)
    assert resolver.names == [A, B, C, B]


async def test_concurrent_lookups_of_one_name_make_one_call() -> None:
    """A cancelled request does not cancel it for the others."""
    resolver = Resolver(A)
    resolver.open.clear()
    waiting = [asyncio.create_task(resolver.find(A)) for _ in range(200)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    resolver.open.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert set(found[1:]) == {resolver.tenants[A]}
    assert resolver.names == [A]


async def test_slow_lookup_does_not_delay_another_name() -> None:
    """Lookups of different names are concurrent."""
    resolver = Resolver(A)
    resolver.open.clear()
    slow = asyncio.create_task(resolver.find(B))
    await asyncio.sleep(0)
    resolver.open.set()
    assert await resolver.find(A) is resolver.tenants[A]
    assert await slow is None


@pytest.mark.parametrize("failure", [OSError("db:5432 secret"), KeyError("x"), RuntimeError()])
async def test_failed_lookup_is_logged_and_not_cached(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """The log contains the type of the error, but not its text, which may be secret."""
    resolver = Resolver(A)
    resolver.failure = failure
    assert await resolver.find(A) == Reason.UNREACHABLE
    assert f"tenants: the lookup failed: {type(failure).__name__}" in caplog.text
    assert "secret" not in caplog.text
    resolver.failure = None
    assert await resolver.find(A) is resolver.tenants[A]


async def test_cached_tenant_is_used_during_an_outage_until_its_cache_time_ends() -> None:
    """After that it is unknown whether the tenant is still trusted."""
    resolver = Resolver(A)
    await resolver.find(A)
    resolver.failure = OSError()
    resolver.clock.advance(299)
    assert await resolver.find(A) is resolver.tenants[A]
    resolver.clock.advance(1)
    assert await resolver.find(A) == Reason.UNREACHABLE
    resolver.failure = None
    assert await resolver.find(A) is resolver.tenants[A]
    assert resolver.tenant(A).closed == 0


async def test_lookup_after_the_deadline_is_an_outage() -> None:
    """The call is cancelled."""
    resolver = Resolver(A, deadline=0.01)
    resolver.open.clear()
    assert await resolver.find(A) == Reason.TIMED_OUT
    await wait_for_background_tasks()


@pytest.mark.parametrize("other", [B, f"{A}/", A.upper()])
async def test_returned_issuer_with_another_identifier_is_an_outage(
    other: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is the operator's mistake, so its tokens are neither rejected nor accepted."""
    resolver = Resolver()
    resolver.tenants[A] = JWTIssuer(other, keys=LocalIssuer().jwks)
    assert await resolver.find(A) == Reason.BAD_RESPONSE
    assert "has another identifier than the requested one" in caplog.text
    assert A not in caplog.text


@pytest.mark.parametrize(
    ("returned", "member"),
    [("yes", "issuer"), (SimpleNamespace(issuer=A), "accepts_opaque")],
    ids=["a string", "an object with the identifier alone"],
)
async def test_returned_object_without_the_members_of_an_issuer_is_an_outage(
    returned: Any, member: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The fault is the operator's, so no token is rejected for it; the log names the member."""
    resolver = Resolver()
    resolver.tenants[A] = returned
    assert await resolver.find(A) == Reason.BAD_RESPONSE
    assert f"the issuer that was returned has no `{member}`" in caplog.text


async def test_cache_of_a_tenants_issuer_is_kept_as_long_as_the_issuer() -> None:
    """The same object serves after the tenant was resolved again, so cached results are kept."""
    resolver, issuer = Resolver(), ScriptedIssuer()
    issuer.issuer = A
    resolver.tenants[A] = issuer
    found = await resolver.find(A)
    assert isinstance(found, IntrospectionCache)
    resolver.clock.advance(300)
    assert await resolver.find(A) is found


async def test_close_closes_the_tenants_and_the_resolver() -> None:
    """Even if one can't be closed; the next request looks up again."""
    closed: list[str] = []

    async def aclose() -> None:
        closed.append("resolver")

    resolver = Resolver(A, B, aclose=aclose)
    for name in (A, B):
        await resolver.find(name)
    resolver.tenant(B).stuck = True
    with pytest.raises(OSError, match="stuck"):
        await resolver.directory.aclose()
    assert (resolver.tenant(A).closed, resolver.tenant(B).closed, closed) == (1, 1, ["resolver"])
    assert await resolver.find(A) is resolver.tenants[A]
    assert resolver.names == [A, B, A]


async def test_close_cancels_running_lookups() -> None:
    """A waiting request sees an outage."""
    resolver = Resolver(A)
    resolver.open.clear()
    waiting = asyncio.create_task(resolver.find(A))
    await asyncio.sleep(0)
    await resolver.directory.aclose()
    assert await waiting == Reason.UNREACHABLE


def test_lookup_of_a_stopped_event_loop_is_ignored() -> None:
    """Neither a new request nor `aclose` waits for it."""

    async def leave(resolver: Resolver) -> None:
        resolver.open = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.call_later(0.01, loop.stop)  # when both lookups are running
        await asyncio.gather(resolver.find(A), resolver.find(B))

    async def come(resolver: Resolver) -> None:
        resolver.open = asyncio.Event()
        resolver.open.set()
        assert await resolver.find(A) is resolver.tenants[A]
        assert resolver.names == [A, B, A]

    async def close(resolver: Resolver) -> None:
        await resolver.directory.aclose()

    resolver = Resolver(A)
    left = asyncio.new_event_loop()
    leaving = left.create_task(leave(resolver))
    left.run_forever()
    asyncio.run(come(resolver))
    asyncio.run(close(resolver))
    everything = asyncio.all_tasks(left)
    for each in everything:
        each.cancel()
    left.run_until_complete(asyncio.wait(everything))
    assert leaving.done()
    left.close()
