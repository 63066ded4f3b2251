"""A token tells at once whether the router would still ask the issuer that vouched for it."""

from collections.abc import Awaitable, Callable, Sequence

import pytest

from oauth_guard import Guard, JWTIssuer
from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.introspection_cache import IntrospectionCache
from oauth_guard.issuers.router import IssuerRouter
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer
from tests.builders.clock import FakeClock
from tests.builders.introspection_cache import INACTIVE
from tests.builders.scripted_issuer import ScriptedIssuer, always, claims_of

API = "https://api.test"
A, B = "https://a.example", "https://b.example"


class Setup:
    """Two tenants that a router looks up, and a clock that a test moves.

    Attributes:
        servers: The authorization servers of the tenants.
        tenants: Who is a tenant, as the resolver knows it.
        asked: The names that were looked up.
        clock: What the router takes for the time.
    """

    def __init__(self) -> None:
        self.servers = {name: LocalIssuer(name) for name in (A, B)}
        self.tenants: dict[str, Issuer] = {name: self.issuer(name) for name in (A, B)}
        self.asked: list[str] = []
        self.clock = FakeClock(1000)
        self.settings = Tenants(resolve=self.resolve, cache_for=300, max_tenants=1)
        self.router = IssuerRouter([self.settings], monotonic=self.clock)

    def issuer(self, name: str) -> JWTIssuer:
        """Return an issuer of that name, by the keys that its server has now."""
        return JWTIssuer(name, keys=self.servers[name].jwks)

    async def resolve(self, name: str) -> Issuer | None:
        """Look *name* up."""
        self.asked.append(name)
        return self.tenants.get(name)

    async def stands(self, name: str = A) -> Callable[[], bool]:
        """Return what tells whether a token of *name* is still good, after it was judged."""
        token = RawToken(self.servers[name].token("read"))
        stands = (await self.router.validate(token)).is_current
        assert stands is not None
        return stands


async def nothing(_scene: Setup) -> None:
    """Let nothing happen."""


async def its_time_passes(harness: Setup) -> None:
    """Go to where the resolver would be asked again."""
    harness.clock.advance(300)


async def it_is_found_again(harness: Setup) -> None:
    """Ask the resolver again, which returns the same issuer."""
    harness.clock.advance(300)
    await harness.stands()


async def it_is_replaced(harness: Setup) -> None:
    """Ask the resolver again, which returns another issuer of the name."""
    harness.clock.advance(300)
    harness.tenants[A] = harness.issuer(A)
    await harness.stands()


async def another_takes_its_place(harness: Setup) -> None:
    """Find another tenant, where there is room for one."""
    await harness.stands(B)


async def the_router_closes(harness: Setup) -> None:
    """Let go of every tenant."""
    await harness.router.aclose()


@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        pytest.param(nothing, True, id="nothing"),
        pytest.param(its_time_passes, False, id="its time passes"),
        pytest.param(it_is_found_again, True, id="found again"),
        pytest.param(it_is_replaced, False, id="replaced"),
        pytest.param(another_takes_its_place, False, id="another takes its place"),
        pytest.param(the_router_closes, False, id="closed"),
    ],
)
async def test_a_tenants_token_stands_as_long_as_its_issuer_would_be_found(
    happens: Callable[[Setup], Awaitable[None]], expected: bool
) -> None:
    """And the resolver is not asked to tell that."""
    harness = Setup()
    stands = await harness.stands()
    await happens(harness)
    asked = list(harness.asked)
    assert stands() is expected
    assert harness.asked == asked


async def test_to_ask_is_to_use() -> None:
    """A tenant whose tokens are recognised is not the one that was not used for longest."""
    harness = Setup()
    router = IssuerRouter(
        [Tenants(resolve=harness.resolve, max_tenants=2)], monotonic=harness.clock
    )
    harness.router = router
    stands = await harness.stands(A)
    await harness.stands(B)
    assert stands()
    harness.servers["https://c.example"] = LocalIssuer("https://c.example")
    harness.tenants["https://c.example"] = harness.issuer("https://c.example")
    await harness.stands("https://c.example")
    assert stands()


async def test_the_issuers_own_word_counts_too() -> None:
    """What a tenant's issuer no longer stands by is not good, though it would be found."""
    harness, asked = Setup(), ScriptedIssuer()
    asked.issuer = A
    asked.script = always(claims_of("token", iss=A))
    validator = IntrospectionCache(asked)
    harness.tenants[A] = validator
    token = RawToken(harness.servers[A].token("read"))
    stands = (await harness.router.validate(token)).is_current
    assert stands is not None
    assert stands()
    asked.script = always(INACTIVE)
    with pytest.raises(InvalidToken):
        await validator.validate(token, introspect=True)
    assert not stands()


async def test_who_asks_each_time_has_no_word_to_give() -> None:
    """A tenant that remembers nothing does not stand by anything."""
    harness, asked = Setup(), ScriptedIssuer(cache_for=0)
    asked.issuer = A
    asked.script = always(claims_of("token", iss=A))
    harness.tenants[A] = asked
    token = await harness.router.validate(RawToken(harness.servers[A].token("read")))
    assert token.is_current is None


async def test_of_several_resolvers_the_first_alone_can_be_stood_by() -> None:
    """It may know a name tomorrow that today another one answers for."""

    async def nobody(_: str) -> Issuer | None:
        return None

    harness = Setup()
    harness.router = IssuerRouter(
        [Tenants(resolve=nobody), harness.settings], monotonic=harness.clock
    )
    token = await harness.router.validate(RawToken(harness.servers[A].token("read")))
    assert token.is_current is None


def asking(name: str, *, active: bool) -> Issuer:
    """Return an issuer that is asked about each token, and remembers."""
    issuer = ScriptedIssuer(cache_identity=[name])
    issuer.issuer = name
    issuer.script = always(claims_of("token", iss=name) if active else INACTIVE)
    return IntrospectionCache(issuer)


@pytest.mark.parametrize(
    ("issuers", "expected"),
    [
        pytest.param([asking(A, active=True)], True, id="one"),
        pytest.param([asking(A, active=True), asking(B, active=True)], True, id="the first"),
        pytest.param([asking(A, active=False), asking(B, active=True)], False, id="the second"),
    ],
)
async def test_of_several_that_share_tokens_the_first_alone_can_be_stood_by(
    issuers: Sequence[Issuer], expected: bool
) -> None:
    """It is asked first about each token, and may vouch for it another time."""
    router = IssuerRouter(issuers, share_tokens=True)
    token = await router.validate(RawToken("opaque"))
    assert (token.is_current is not None) is expected


async def test_a_guard_recognises_a_tenants_token() -> None:
    """The very identity of the first request comes back, and the tenant is closed with it."""
    harness = Setup()
    field = f"Bearer {harness.servers[A].token('read', aud=API)}".encode()
    request = ResourceRequest({"headers": [(b"authorization", field)]})
    async with Guard(API, [harness.settings]) as guard:
        first = await guard.authenticate(request)
        assert await guard.authenticate(request) is first
        harness.tenants.clear()
    with pytest.raises(InvalidToken) as caught:
        await guard.authenticate(request)
    assert caught.value.reason == Reason.UNKNOWN_ISSUER
