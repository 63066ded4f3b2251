"""DenyList: a revoked token is rejected on cache hits too, and by each process that shares it."""

import asyncio
import time
from typing import Any

import pytest

from oauth_guard import ConfigurationError
from oauth_guard.deny_list import DenyList
from oauth_guard.errors import StoreUnavailable
from oauth_guard.protocol.access_token import AccessToken, Validation
from oauth_guard.protocol.claims import ClaimRules
from tests.acceptance.standards.api import ISSUER, NOW, Api, bearer
from tests.acceptance.standards.outcome import expect
from tests.builders.clock import FakeClock
from tests.builders.local_notices import LocalNotices


def _api(deny_list: DenyList | None = None) -> Api:
    deny_list = DenyList(clock=lambda: NOW) if deny_list is None else deny_list
    return Api(issuer={"required_claims": ["exp", "aud"]}, guard={"deny_list": deny_list})


@pytest.mark.parametrize(
    ("selector", "revoked", "others"),
    [
        ({"jti": "j1"}, {}, {"jti": "j2"}),
        ({"jti": "j2"}, {"jti": None}, {}),
        ({"jti": "j2"}, {"jti": 5}, {}),
        ({"sid": "s1"}, {"sid": "s1", "iat": NOW + 1}, {"sid": "s2"}),
        ({"sid": "s1"}, {"sid": "s1", "iat": None}, {"sid": 5}),
        ({"client_id": "c1"}, {"iat": NOW + 1}, {"client_id": "c2"}),
        ({"client_id": "c1", "issued_until": NOW - 60}, {"iat": NOW - 55}, {"iat": NOW - 54}),
        ({"client_id": "c1", "issued_until": NOW - 60}, {"iat": None}, {"client_id": "c2"}),
        ({"subject": "u1"}, {}, {"sub": "u2"}),
        ({"subject": "u1"}, {"iat": None}, {"client_id": "u1", "sub": "u3"}),
        ({"subject": "u1", "issued_until": NOW - 60}, {"iat": NOW - 55}, {"iat": NOW - 54}),
        ({"subject": "u1", "issued_until": NOW - 60.5}, {"iat": NOW - 55}, {"iat": NOW - 54}),
        ({"subject": "u1", "issued_until": 0}, {"iat": 5}, {"iat": 6}),
    ],
    ids=str,
)
async def test_token_that_is_listed_is_rejected_on_a_cache_hit(
    selector: Any, revoked: dict[str, Any], others: dict[str, Any]
) -> None:
    """Over HTTP and WebSocket; another token, and one of another issuer, passes."""
    api = _api()
    first, second = api.token(**revoked), api.token(**others)
    for token in (first, second, first):
        expect(await api.get("/r", token), "200")
    await api.guard.revoke("https://other.example.com", **selector)
    expect(await api.get("/r", first), "200")
    await api.guard.revoke(ISSUER, **selector)
    for _ in range(2):
        expect(await api.get("/r", first), "401 invalid_token")
        expect(await api.connect("/ws", bearer(first)), "401 invalid_token")
        expect(await api.get("/r", second), "200")


@pytest.mark.parametrize(
    ("until", "revoked", "other"),
    [
        ({}, {"iat": NOW + 5}, {"iat": NOW + 6}),
        ({"issued_until": NOW - 60}, {"iat": NOW - 55}, {"iat": NOW - 54}),
        ({"issued_until": NOW - 60}, {"iat": None, "sub": None, "jti": None}, {}),
    ],
    ids=["until now", "until a moment", "no iat"],
)
async def test_tokens_of_an_issuer_are_revoked_up_to_a_moment(
    until: dict[str, float], revoked: dict[str, Any], other: dict[str, Any]
) -> None:
    """Whatever they name; newer tokens, and those of another issuer, pass."""
    api = _api()
    first, second = api.token(**revoked), api.token(**other)
    await api.guard.revoke_all("https://other.example.com", **until)
    for token in (first, second):
        expect(await api.get("/r", token), "200")
    await api.guard.revoke_all(ISSUER, **until)
    expect(await api.get("/r", first), "401 invalid_token")
    expect(await api.get("/r", second), "200")


async def test_reason_of_a_revoked_token_is_logged() -> None:
    """The operator sees that it is no expiry."""
    api = _api()
    await api.guard.revoke(ISSUER, sid="s1")
    response = await api.get("/r", api.token(sid="s1"))
    expect(response, "401 invalid_token")
    assert "rejected with 401: revoked" in response.log


async def test_entry_ends_by_the_monotonic_clock_only() -> None:
    """A clock that is set forward ends no revocation; a later revocation lengthens it."""
    clock, monotonic = FakeClock(), FakeClock(5)
    deny_list = DenyList(keep_for=100, clock=clock, monotonic=monotonic)
    api = _api(deny_list)
    token = api.token(sid="s1")
    await api.guard.revoke(ISSUER, sid="s1")
    clock.advance(1e6)
    monotonic.advance(60)
    await api.guard.revoke(ISSUER, sid="s1")
    monotonic.advance(99)
    expect(await api.get("/r", token), "401 invalid_token")
    monotonic.advance(2)
    expect(await api.get("/r", token), "200")
    assert len(deny_list) == 1


async def test_second_revocation_never_shortens_the_first() -> None:
    """Neither its end nor its cut-off."""
    api = _api()
    token = api.token(iat=NOW)
    await api.guard.revoke(ISSUER, subject="u1", issued_until=NOW)
    await api.guard.revoke(ISSUER, subject="u1", issued_until=NOW - 1000)
    expect(await api.get("/r", token), "401 invalid_token")


@pytest.mark.parametrize("keep_for", [0, -1, 1 << 32])
def test_lifetime_of_entries_must_be_positive(keep_for: float) -> None:
    """An entry without one would revoke nothing."""
    with pytest.raises(ConfigurationError, match="keep_for="):
        DenyList(keep_for=keep_for)


async def test_token_is_rejected_with_503_until_the_notices_are_read() -> None:
    """And again when they were not read for 30 s; the next request starts to read."""
    notices, monotonic = LocalNotices(), FakeClock(0)
    deny_list = DenyList(notices, monotonic=monotonic)
    api = _api(deny_list)
    token = api.token()
    expect(await api.get("/r", token), "503")
    await asyncio.sleep(0.05)
    expect(await api.get("/r", token), "200")
    notices.down = True
    monotonic.advance(29.9)
    expect(await api.get("/r", token), "200")
    monotonic.advance(0.1)
    expect(await api.get("/r", token), "503")
    await deny_list.aclose()
    notices.down = False
    expect(await api.get("/r", token), "503")
    await asyncio.sleep(0.05)
    expect(await api.get("/r", token), "200")
    await deny_list.aclose()
    assert notices.calls == ["aclose", "aclose"]


async def test_revocation_reaches_another_process_within_a_second() -> None:
    """Both have the token in their cache; more notices than one read returns."""
    notices = LocalNotices()
    first, second = (_api(DenyList(notices)) for _ in range(2))
    token = first.token(sid="s5")
    async with first.guard, second.guard:
        expect(await second.get("/r", token), "200")
        for number in range(7):
            await first.guard.revoke(ISSUER, sid=f"s{number}")
        revoked_at = time.monotonic()
        expect(await first.get("/r", token), "401 invalid_token")
        while (await second.get("/r", token)).status == 200:
            assert time.monotonic() < revoked_at + 1
            await asyncio.sleep(0.02)
    assert notices.calls == ["load", "load", "aclose", "aclose"]


async def test_revocation_that_cannot_be_published_is_in_force_here() -> None:
    """The caller must call again, for the other processes."""
    notices = LocalNotices()
    api = _api(DenyList(notices))
    token = api.token(sid="s1")
    async with api.guard:
        notices.down = True
        with pytest.raises(StoreUnavailable):
            await api.guard.revoke(ISSUER, sid="s1")
        expect(await api.get("/r", token), "401 invalid_token")
        notices.published.clear()
        notices.down = False
        await asyncio.sleep(0.3)
        expect(await api.get("/r", token), "401 invalid_token")


async def test_load_without_shared_notices_does_nothing() -> None:
    """Everything is known from the beginning."""
    deny_list = DenyList()
    await deny_list.load()
    deny_list.start()
    await vars(type(deny_list))["_read"](deny_list)
    await deny_list.aclose()


async def test_check_costs_little_on_a_hit() -> None:
    """Nothing is looked up as long as the list is unchanged."""
    deny_list = DenyList()
    api = _api(deny_list)
    await api.guard.revoke(ISSUER, sid="s1")
    for _ in range(2):  # the first one has the keys fetched, and is not cached
        expect(await api.get("/r", api.token()), "200")
    validated = next(iter(vars(vars(api.guard)["_cache"])["_entries"].values()))
    assert validated.passed == deny_list.version
    deny_list.check(validated, NOW)
    validated.revocation_keys = None
    deny_list.check(validated, NOW)
    assert validated.revocation_keys is None


class _Race:
    """A check that runs before the deny-list, during which another process reports a change."""

    def __init__(self, api: Api) -> None:
        self._api, self.is_armed = api, True

    async def __call__(self, _validated: object, _now: float) -> None:
        """Report the change once."""
        if self.is_armed:
            self.is_armed = False
            await self._api.guard.claims_changed(ISSUER, subject="u1")


async def test_change_during_a_request_is_in_force_for_the_next_one() -> None:
    """The request that was cached before the change does not count as having passed it."""
    api = _api()
    token = api.token()
    checks = vars(api.guard)
    checks["_checks"] = (_Race(api), *checks["_checks"])
    expect(await api.get("/r", token), "200")
    expect(await api.get("/r", token), "401 invalid_token")


async def test_change_reaches_another_process_within_a_second() -> None:
    """As a revocation does; a token of another subject is not concerned."""
    notices = LocalNotices()
    first, second = (_api(DenyList(notices, clock=lambda: NOW)) for _ in range(2))
    token, other = second.token(), second.token(sub="u2")
    async with first.guard, second.guard:
        for each in (token, other):
            expect(await second.get("/r", each), "200")
        await first.guard.claims_changed(ISSUER, subject="u1")
        changed_at = time.monotonic()
        while (await second.get("/r", token)).status == 200:
            assert time.monotonic() < changed_at + 1
            await asyncio.sleep(0.02)
        expect(await second.get("/r", other), "200")


async def test_change_ends_with_its_entry() -> None:
    """As a revocation does, after `keep_for=`."""
    monotonic = FakeClock(0)
    deny_list = DenyList(keep_for=100, clock=lambda: NOW, monotonic=monotonic)
    api = _api(deny_list)
    token = api.token()
    await api.guard.claims_changed(ISSUER, subject="u1", changed_at=NOW - 2)
    monotonic.advance(99)
    expect(await api.get("/r", token), "401 invalid_token")
    monotonic.advance(2)
    expect(await api.get("/r", token), "200")


@pytest.mark.parametrize("jump", [-86_400 * 30, 86_400 * 30])
async def test_clock_that_jumps_changes_no_entry(jump: float) -> None:
    """What was revoked stays revoked, here and for a process that reads it afterwards."""
    clock, notices = FakeClock(NOW), LocalNotices()
    deny_list = DenyList(notices, clock=clock, monotonic=FakeClock(5))
    first = _api(deny_list)
    tokens = [first.token(iat=NOW), first.token(sub="u2", jti="j2"), first.token(sub="u3")]
    await deny_list.load()
    await first.guard.revoke(ISSUER, subject="u1")
    await first.guard.revoke(ISSUER, jti="j2")
    clock.advance(jump)
    second = _api(DenyList(notices, clock=clock))
    await vars(second.guard)["deny_list"].load()
    for api in (first, second):
        statuses = [(await api.get("/r", token)).status for token in tokens]
        assert statuses == [401, 401, 200]
    for guard in (first.guard, second.guard):
        await vars(guard)["deny_list"].aclose()


async def test_clock_that_is_set_back_lets_no_older_result_be_used() -> None:
    """How old it is can't be known; a change of another subject concerns none."""
    clock = FakeClock(NOW)
    deny_list = DenyList(clock=clock)
    token = AccessToken.from_claims(
        {"iss": ISSUER, "sub": "u1"}, ClaimRules.of(ISSUER, required_claims=())
    )
    facts = Validation(token, None, NOW)
    clock.advance(-3600)
    await deny_list.claims_changed(ISSUER, subject="u2")
    assert not deny_list.outdates(facts)
    await deny_list.claims_changed(ISSUER, subject="u1")
    assert deny_list.outdates(facts)
