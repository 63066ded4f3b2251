"""Tenants are found in bounded time, number and patience, whoever asks for whatever name."""

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


class Told(JWTIssuer):
    """An issuer that knows whether it was started and closed."""

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


class Registry:
    """Whom a resolver knows, and how it fares.

    Attributes:
        tenants: Whom it knows.
        asked: The names it was asked for, in order.
        failure: What it raises, if anything.
        open: Cleared to hold its answers back.
    """

    def __init__(
        self,
        *names: str,
        **settings: Any,
    ) -> None:
        self.tenants: dict[str, Issuer] = {name: Told(name) for name in names}
        self.asked: list[str] = []
        self.failure: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.clock = FakeClock(1000)
        self.directory = TenantDirectory(
            Tenants(resolve=self.resolve, **settings), clock=self.clock, monotonic=self.clock
        )

    async def resolve(self, name: str) -> Issuer | None:
        """Look *name* up."""
        self.asked.append(name)
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        return self.tenants.get(name)

    async def find(self, name: str) -> Issuer | Reason | None:
        """Return what the directory makes of *name*."""
        try:
            return await self.directory.find(name)
        except IssuerUnavailable as error:
            return error.reason if error.issuer == "tenants" else None

    def told(self, name: str) -> Told:
        """Return a tenant."""
        tenant = self.tenants[name]
        assert isinstance(tenant, Told)
        return tenant


async def test_a_tenant_is_asked_for_once_in_its_time() -> None:
    """Then again, and the same issuer stays as it is."""
    registry = Registry(A, cache_for=300)
    for _ in range(3):
        assert await registry.find(A) is registry.tenants[A]
    registry.clock.advance(299)
    await registry.find(A)
    assert registry.asked == [A]
    registry.clock.advance(1)
    assert await registry.find(A) is registry.tenants[A]
    assert registry.asked == [A, A]
    assert (registry.told(A).started, registry.told(A).closed) == (1, 0)


async def test_a_tenant_that_is_gone_is_refused_and_closed() -> None:
    """When its time is over."""
    registry = Registry(A)
    await registry.find(A)
    former = registry.told(A)
    registry.tenants.clear()
    assert await registry.find(A) is former
    registry.clock.advance(300)
    assert await registry.find(A) is None
    assert former.closed == 1


async def test_another_issuer_of_the_name_takes_the_place_of_the_former() -> None:
    """Which is closed, even where that fails."""
    registry = Registry(A)
    await registry.find(A)
    former = registry.told(A)
    former.stuck = True
    registry.tenants[A] = Told(A)
    registry.clock.advance(300)
    assert await registry.find(A) is registry.tenants[A]
    assert former.closed == 1
    assert (registry.told(A).started, registry.told(A).closed) == (1, 0)


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
async def test_what_can_be_nobodys_name_is_not_asked_for(name: str) -> None:
    """Nor remembered."""
    registry = Registry(A)
    assert await registry.find(name) is None
    assert not registry.asked


async def test_a_name_may_be_long_and_http_where_that_was_said() -> None:
    """2048 characters are looked up, and names inside a private network."""
    long = "https://a.example/" + "x" * 2030
    registry = Registry(long)
    assert await registry.find(long) is registry.tenants[long]
    private = Registry("http://keycloak:8080", insecure_http=True)
    assert await private.find("http://keycloak:8080")


async def test_that_a_name_is_nobodys_is_remembered_for_a_while() -> None:
    """So that a new tenant waits five seconds at most."""
    registry = Registry()
    for _ in range(3):
        assert await registry.find(A) is None
    assert registry.asked == [A]
    registry.tenants[A] = Told(A)
    registry.clock.advance(4.9)
    assert await registry.find(A) is None
    registry.clock.advance(0.1)
    assert await registry.find(A) is registry.tenants[A]


async def test_a_flood_of_strangers_pushes_out_no_tenant() -> None:
    """And takes bounded room and work."""
    registry = Registry(A, B, max_lookups_per_second=20_000, cache_for=10)
    await registry.find(A)
    for number in range(10_100):
        await registry.find(f"https://stranger.example/{number}")
    assert await registry.find(A) is registry.tenants[A]
    assert registry.asked.count(A) == 1
    assert await registry.find("https://stranger.example/10099") is None
    assert len(registry.asked) == 10_101
    await registry.find("https://stranger.example/99")  # it was pushed out by its like
    assert len(registry.asked) == 10_102


async def test_the_stranger_who_came_first_is_forgotten_first() -> None:
    """Who came again came last."""
    registry = Registry(max_lookups_per_second=20_000)
    await registry.find(A)
    registry.clock.advance(5)
    for number in range(9_999):
        await registry.find(f"https://stranger.example/{number}")
    await registry.find(A)
    await registry.find(B)  # one too many
    registry.asked.clear()
    await registry.find(A)
    assert not registry.asked
    await registry.find("https://stranger.example/0")
    assert registry.asked == ["https://stranger.example/0"]


async def test_nobodys_identity_leaks_into_a_question() -> None:
    """It serves everybody who waits for it."""
    caller: ContextVar[str] = ContextVar("caller", default="nobody")
    seen: list[str] = []

    async def resolve(_: str) -> Issuer | None:
        seen.append(caller.get())
        return None

    directory = TenantDirectory(
        Tenants(resolve=resolve), clock=FakeClock(1000), monotonic=FakeClock(1000)
    )
    caller.set("ada")
    await directory.find(A)
    assert seen == ["nobody"]


async def test_strangers_are_looked_up_at_a_rate_and_tenants_nonetheless() -> None:
    """Over it, who is not remembered has to come again; a tenant whose time is over need not."""
    registry = Registry(A, B, max_lookups_per_second=3)
    await registry.find(A)
    registry.clock.advance(300)
    verdicts = [await registry.find(f"https://stranger.example/{number}") for number in range(5)]
    assert verdicts == [None, None, None, Reason.BUSY, Reason.BUSY]
    assert await registry.find(B) == Reason.BUSY
    assert await registry.find(A) is registry.tenants[A]
    registry.clock.advance(1)
    assert await registry.find(B) is registry.tenants[B]


async def test_the_least_recently_used_tenant_goes_first() -> None:
    """It is closed, and found again when somebody comes."""
    registry = Registry(A, B, C, max_tenants=2)
    for name in (A, B, A, C):
        await registry.find(name)
    assert [registry.told(name).closed for name in (A, B, C)] == [0, 1, 0]
    await registry.find(A)
    assert registry.asked == [A, B, C]
    await registry.find(B)
    assert registry.asked == [A, B, C, B]


async def test_many_who_ask_at_once_are_one_question() -> None:
    """And whoever gives up ends it for nobody else."""
    registry = Registry(A)
    registry.open.clear()
    waiting = [asyncio.create_task(registry.find(A)) for _ in range(200)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    registry.open.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert set(found[1:]) == {registry.tenants[A]}
    assert registry.asked == [A]


async def test_each_name_is_a_question_of_its_own() -> None:
    """One that takes long holds up no other."""
    registry = Registry(A)
    registry.open.clear()
    slow = asyncio.create_task(registry.find(B))
    await asyncio.sleep(0)
    registry.open.set()
    assert await registry.find(A) is registry.tenants[A]
    assert await slow is None


@pytest.mark.parametrize("failure", [OSError("db:5432 secret"), KeyError("x"), RuntimeError()])
async def test_an_outage_is_nobodys_fault_and_is_not_remembered(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """The operator reads of it, though not what its text may tell."""
    registry = Registry(A)
    registry.failure = failure
    assert await registry.find(A) == Reason.UNREACHABLE
    assert f"tenants: the lookup failed: {type(failure).__name__}" in caplog.text
    assert "secret" not in caplog.text
    registry.failure = None
    assert await registry.find(A) is registry.tenants[A]


async def test_a_tenant_is_served_through_an_outage_until_its_time_is_over() -> None:
    """Whether it is trusted still, nobody could say then."""
    registry = Registry(A)
    await registry.find(A)
    registry.failure = OSError()
    registry.clock.advance(299)
    assert await registry.find(A) is registry.tenants[A]
    registry.clock.advance(1)
    assert await registry.find(A) == Reason.UNREACHABLE
    registry.failure = None
    assert await registry.find(A) is registry.tenants[A]
    assert registry.told(A).closed == 0


async def test_an_answer_that_takes_too_long_is_an_outage() -> None:
    """The question is given up."""
    registry = Registry(A, deadline=0.01)
    registry.open.clear()
    assert await registry.find(A) == Reason.TIMED_OUT
    await wait_for_background_tasks()


@pytest.mark.parametrize("other", [B, f"{A}/", A.upper()])
async def test_an_answer_must_carry_exactly_the_name(
    other: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Another one is our mistake, so no token is refused for it, and none believed."""
    registry = Registry()
    registry.tenants[A] = JWTIssuer(other, keys=LocalIssuer().jwks)
    assert await registry.find(A) == Reason.BAD_RESPONSE
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
    registry = Registry()
    registry.tenants[A] = returned
    assert await registry.find(A) == Reason.BAD_RESPONSE
    assert f"the issuer that was returned has no `{member}`" in caplog.text


async def test_cache_of_a_tenants_issuer_is_kept_as_long_as_the_issuer() -> None:
    """The same object serves after the tenant was resolved again, so cached results are kept."""
    registry, issuer = Registry(), ScriptedIssuer()
    issuer.issuer = A
    registry.tenants[A] = issuer
    found = await registry.find(A)
    assert isinstance(found, IntrospectionCache)
    registry.clock.advance(300)
    assert await registry.find(A) is found


async def test_closing_closes_whoever_was_found_and_whoever_is_asked() -> None:
    """Also where one can't be closed; then the next request looks up anew."""
    closed: list[str] = []

    async def aclose() -> None:
        closed.append("resolver")

    registry = Registry(A, B, aclose=aclose)
    for name in (A, B):
        await registry.find(name)
    registry.told(B).stuck = True
    with pytest.raises(OSError, match="stuck"):
        await registry.directory.aclose()
    assert (registry.told(A).closed, registry.told(B).closed, closed) == (1, 1, ["resolver"])
    assert await registry.find(A) is registry.tenants[A]
    assert registry.asked == [A, B, A]


async def test_closing_ends_the_questions_under_way() -> None:
    """Who waits for one is told that nobody can say."""
    registry = Registry(A)
    registry.open.clear()
    waiting = asyncio.create_task(registry.find(A))
    await asyncio.sleep(0)
    await registry.directory.aclose()
    assert await waiting == Reason.UNREACHABLE


def test_a_loop_that_is_gone_holds_up_nobody() -> None:
    """Its question counts for none, and is none to close."""

    async def leave(registry: Registry) -> None:
        registry.open = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.call_later(0.01, loop.stop)  # when both questions are under way
        await asyncio.gather(registry.find(A), registry.find(B))

    async def come(registry: Registry) -> None:
        registry.open = asyncio.Event()
        registry.open.set()
        assert await registry.find(A) is registry.tenants[A]
        assert registry.asked == [A, B, A]

    async def close(registry: Registry) -> None:
        await registry.directory.aclose()

    registry = Registry(A)
    left = asyncio.new_event_loop()
    leaving = left.create_task(leave(registry))
    left.run_forever()
    asyncio.run(come(registry))
    asyncio.run(close(registry))
    everything = asyncio.all_tasks(left)
    for each in everything:
        each.cancel()
    left.run_until_complete(asyncio.wait(everything))
    assert leaving.done()
    left.close()
