"""A remembered token tells whether a request would find it, and is believed no longer."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from oauth_guard.issuers.introspection_cache import IntrospectionCache
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.stores.memory import MemoryStore
from tests.unit.stores.clock import FakeClock
from tests.unit.stores.scene import INACTIVE, Scene
from tests.unit.stores.scripted import ScriptedIssuer, begun, claims_of, says, verdict


async def stands(scene: Scene, token: str = "token") -> Callable[[], bool]:
    """Return what tells whether *token* is remembered, after it was asked about."""
    found: AccessToken = await scene.validator.validate(RawToken(token))
    assert found.stands is not None
    return found.stands


async def nothing(_scene: Scene) -> None:
    """Let nothing happen."""


async def a_minute_passes(scene: Scene) -> None:
    """Go to the end of what may be remembered."""
    scene.clock.now += 60


async def almost_a_minute_passes(scene: Scene) -> None:
    """Go up to the end of what may be remembered."""
    scene.clock.now += 59.9


async def the_clock_is_set_back(scene: Scene) -> None:
    """Go where no age can be told."""
    scene.clock.now -= 0.1


async def it_is_refused(scene: Scene) -> None:
    """Learn that it is inactive now."""
    scene.issuer.says = says(INACTIVE)
    await scene.confirmed()


async def it_is_confirmed(scene: Scene) -> None:
    """Learn the same anew: another answer counts from now on."""
    scene.clock.now += 1
    await scene.confirmed()


async def an_outage(scene: Scene) -> None:
    """Learn nothing."""
    scene.issuer.says = says(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await scene.confirmed()


async def others_are_used(scene: Scene) -> None:
    """Fill the memory."""
    await scene.verdict("other")
    await scene.verdict("another")


@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        pytest.param(nothing, True, id="nothing"),
        pytest.param(almost_a_minute_passes, True, id="almost a minute"),
        pytest.param(a_minute_passes, False, id="a minute"),
        pytest.param(the_clock_is_set_back, False, id="a clock that was set back"),
        pytest.param(it_is_refused, False, id="a newer no"),
        pytest.param(it_is_confirmed, False, id="a newer yes"),
        pytest.param(an_outage, True, id="an outage"),
        pytest.param(others_are_used, False, id="forgotten for others"),
    ],
)
async def test_it_stands_as_long_as_it_is_remembered(
    happens: Callable[[Scene], Awaitable[None]], expected: bool
) -> None:
    """And nothing that is asked of it is asked of the issuer."""
    scene = Scene(max_entries=2)
    standing = await stands(scene)
    await happens(scene)
    asked = scene.issuer.asked
    assert standing() is expected
    assert scene.issuer.asked == asked


async def test_it_ends_with_its_token() -> None:
    """Though a minute has not passed."""
    scene = Scene()
    scene.issuer.says = says(claims_of("token", exp=scene.clock.now + 10))
    standing = await stands(scene)
    scene.clock.now += 9.9
    assert standing()
    scene.clock.now += 0.1
    assert not standing()


async def test_the_clock_on_the_wall_counts_too() -> None:
    """A good answer ends to the second, whatever the monotonic one says."""
    wall = FakeClock()
    validator = IntrospectionCache(ScriptedIssuer(), clock=wall, monotonic=FakeClock(0))
    token = await validator.validate(RawToken("token"))
    assert token.stands is not None
    wall.now += 60
    assert not token.stands()


async def test_monotonic_seconds_count_too() -> None:
    """A clock that stands still lengthens no life."""
    steady = FakeClock(0)
    validator = IntrospectionCache(ScriptedIssuer(), clock=FakeClock(), monotonic=steady)
    token = await validator.validate(RawToken("token"))
    assert token.stands is not None
    assert token.stands()
    steady.now += 60
    assert not token.stands()


async def test_to_ask_is_to_use() -> None:
    """What is served without a look-up is not what was not used for longest."""
    scene = Scene(max_entries=2)
    standing = await stands(scene)
    await scene.verdict("other")
    assert standing()
    await scene.verdict("another")
    assert standing()
    asked = scene.issuer.asked
    await scene.verdict()
    assert scene.issuer.asked == asked


async def test_a_shared_answer_stands_here() -> None:
    """From the moment it had where it was asked for."""
    store, clock = MemoryStore(), FakeClock()
    await Scene(store, clock=clock).verdict()
    here = Scene(store, clock=clock)
    clock.now += 20
    standing = await stands(here)
    assert here.issuer.asked == 0
    clock.now += 39.9
    assert standing()
    clock.now += 0.1
    assert not standing()


@pytest.mark.parametrize("seconds", [0, -1], ids=["asked each time", "expired"])
async def test_what_is_not_remembered_has_nothing_to_tell(seconds: float) -> None:
    """Whoever wants to know asks anew."""
    scene = Scene(cache_for=60 if seconds else 0)
    scene.issuer.says = says(claims_of("token", exp=scene.clock.now + seconds))
    token = await scene.validator.validate(RawToken("token"))
    assert token.stands is None


async def test_an_answer_that_was_overtaken_has_nothing_to_tell() -> None:
    """It serves who asked for it, and nobody after him."""
    scene = Scene()
    held = scene.issuer.hold()
    late = asyncio.create_task(scene.validator.confirm(RawToken("token")))
    await begun()
    scene.issuer.let_through()
    scene.clock.now += 1
    standing = await stands(scene)
    held.set()
    assert (await late).stands is None
    assert standing()


async def test_of_two_issuers_with_one_token_each_tells_for_itself() -> None:
    """One that forgets does not speak for another."""
    scenes = [Scene(), Scene()]
    standing = [await stands(scene) for scene in scenes]
    scenes[0].issuer.says = says(INACTIVE)
    await verdict(scenes[0].validator.confirm, "token")
    assert [each() for each in standing] == [False, True]
