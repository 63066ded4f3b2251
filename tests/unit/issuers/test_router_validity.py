"""IssuerRouter: `is_current` is false once the router would choose another issuer."""

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
        tenants: The tenants that the resolver knows.
        names: The names that were looked up.
        clock: The monotonic clock of the router.
    """

    def __init__(self) -> None:
        self.servers = {name: LocalIssuer(name) for name in (A, B)}
        self.tenants: dict[str, Issuer] = {name: self.issuer(name) for name in (A, B)}
        self.names: list[str] = []
        self.clock = FakeClock(1000)
        self.settings = Tenants(resolve=self.resolve, cache_for=300, max_tenants=1)
        self.router = IssuerRouter([self.settings], monotonic=self.clock)

    def issuer(self, name: str) -> JWTIssuer:
        """Return an issuer of that name, with the keys that its server has now."""
        return JWTIssuer(name, keys=self.servers[name].jwks)

    async def resolve(self, name: str) -> Issuer | None:
        """Look *name* up."""
        self.names.append(name)
        return self.tenants.get(name)

    async def is_current(self, name: str = A) -> Callable[[], bool]:
        """Validate a token of *name*, and return the `is_current` of its validation."""
        token = RawToken(self.servers[name].token("read"))
        is_current = (await self.router.validate(token)).is_current
        assert is_current is not None
        return is_current


async def nothing(_harness: Setup) -> None:
    """Let nothing happen."""


async def its_time_passes(harness: Setup) -> None:
    """Move the clock to when the tenant must be looked up again."""
    harness.clock.advance(300)


async def it_is_found_again(harness: Setup) -> None:
    """Look the tenant up again; the resolver returns the same issuer."""
    harness.clock.advance(300)
    await harness.is_current()


async def it_is_replaced(harness: Setup) -> None:
    """Look the tenant up again; the resolver returns another issuer of that name."""
    harness.clock.advance(300)
    harness.tenants[A] = harness.issuer(A)
    await harness.is_current()


async def another_takes_its_place(harness: Setup) -> None:
    """Find another tenant, while only one is cached."""
    await harness.is_current(B)


async def the_router_closes(harness: Setup) -> None:
    """Close every tenant."""
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
async def test_validation_is_current_as_long_as_the_tenant_is_cached(
    happens: Callable[[Setup], Awaitable[None]], expected: bool
) -> None:
    """Finding that out does not call the resolver."""
    harness = Setup()
    is_current = await harness.is_current()
    await happens(harness)
    names = list(harness.names)
    assert is_current() is expected
    assert harness.names == names


async def test_call_of_is_current_counts_as_a_use_of_the_tenant() -> None:
    """A tenant whose tokens are cached is not the least recently used one."""
    harness = Setup()
    router = IssuerRouter(
        [Tenants(resolve=harness.resolve, max_tenants=2)], monotonic=harness.clock
    )
    harness.router = router
    is_current = await harness.is_current(A)
    await harness.is_current(B)
    assert is_current()
    harness.servers["https://c.example"] = LocalIssuer("https://c.example")
    harness.tenants["https://c.example"] = harness.issuer("https://c.example")
    await harness.is_current("https://c.example")
    assert is_current()


async def test_validation_is_not_current_if_the_issuer_says_so() -> None:
    """Though the tenant is still cached."""
    harness, issuer = Setup(), ScriptedIssuer()
    issuer.issuer = A
    issuer.script = always(claims_of("token", iss=A))
    validator = IntrospectionCache(issuer)
    harness.tenants[A] = validator
    token = RawToken(harness.servers[A].token("read"))
    is_current = (await harness.router.validate(token)).is_current
    assert is_current is not None
    assert is_current()
    issuer.script = always(INACTIVE)
    with pytest.raises(InvalidToken):
        await validator.validate(token, introspect=True)
    assert not is_current()


async def test_validation_by_a_tenant_that_caches_nothing_has_no_is_current() -> None:
    """So no identity is cached for it."""
    harness, issuer = Setup(), ScriptedIssuer(cache_for=0)
    issuer.issuer = A
    issuer.script = always(claims_of("token", iss=A))
    harness.tenants[A] = issuer
    token = await harness.router.validate(RawToken(harness.servers[A].token("read")))
    assert token.is_current is None


async def test_only_the_first_resolver_gives_validations_with_is_current() -> None:
    """An earlier resolver may know the name by the next request."""

    async def resolve_none(_: str) -> Issuer | None:
        return None

    harness = Setup()
    harness.router = IssuerRouter(
        [Tenants(resolve=resolve_none), harness.settings], monotonic=harness.clock
    )
    token = await harness.router.validate(RawToken(harness.servers[A].token("read")))
    assert token.is_current is None


def caching(name: str, *, active: bool) -> Issuer:
    """Return an issuer that introspects each token and caches the result."""
    issuer = ScriptedIssuer(cache_identity=[name])
    issuer.issuer = name
    issuer.script = always(claims_of("token", iss=name) if active else INACTIVE)
    return IntrospectionCache(issuer)


@pytest.mark.parametrize(
    ("issuers", "expected"),
    [
        pytest.param([caching(A, active=True)], True, id="one"),
        pytest.param([caching(A, active=True), caching(B, active=True)], True, id="the first"),
        pytest.param([caching(A, active=False), caching(B, active=True)], False, id="the second"),
    ],
)
async def test_only_the_first_of_issuers_that_share_tokens_gives_is_current(
    issuers: Sequence[Issuer], expected: bool
) -> None:
    """An earlier issuer may accept the token in the next request."""
    router = IssuerRouter(issuers, share_tokens=True)
    token = await router.validate(RawToken("opaque"))
    assert (token.is_current is not None) is expected
    assert token.reported_at is not None


async def test_guard_caches_the_identity_of_a_tenants_token() -> None:
    """The second request gets the same object; closing the guard closes the tenant."""
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
