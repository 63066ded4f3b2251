"""RemoteKeySet: tokens whose key is not in the set, and what their senders can cause."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from oauth_guard import Guard
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import SigningKey
from tests.builders.jwt_issuer import (
    GOOD,
    ISSUER,
    JWTIssuerHarness,
    refuse_connection,
    token_with_unknown_key,
    wait_for_background_tasks,
)

COOLDOWN, REMEMBERED = 10, 30
UNKNOWN, BAD, DELAYED = Reason.UNKNOWN_KEY, Reason.BAD_SIGNATURE, Reason.BACKING_OFF


async def loaded(**settings: object) -> JWTIssuerHarness:
    """Return a harness that has validated one token, so that its keys are cached."""
    harness = JWTIssuerHarness(**settings)
    assert await harness.verdict() == GOOD
    return harness


async def flood(harness: JWTIssuerHarness, count: int, start: int = 0) -> Counter[str]:
    """Send *count* tokens, each with an unknown key of its own; return the outcomes."""
    numbers = range(start, start + count)
    tokens = [token_with_unknown_key(harness.local, f"unknown-{number}") for number in numbers]
    return Counter([await harness.verdict(token) for token in tokens])


@pytest.mark.parametrize("seconds", [0, 1, 5, 20, 31])
@pytest.mark.parametrize("key_id", ["k1", "k2"])
async def test_token_with_a_key_that_is_new_is_accepted_after_one_fetch(
    seconds: float, key_id: str
) -> None:
    """However short a time ago the keys were fetched, and under the same `kid` too."""
    harness = await loaded()
    harness.clock.advance(seconds)
    harness.local.keys = [SigningKey(key_id)]
    assert await harness.verdict() == GOOD
    assert harness.fetches == 2


async def test_token_with_a_new_key_is_accepted_after_strangers_caused_fetches() -> None:
    """Two of three are left to others after the first."""
    harness = await loaded()
    assert await flood(harness, 2) == {UNKNOWN: 2}
    harness.local.rotate(SigningKey("k2"))
    assert await harness.verdict() == GOOD
    assert harness.fetches == 4


async def test_key_absent_from_a_set_fetched_after_its_first_use_is_rejected() -> None:
    """Without a further fetch, for 30 s; then it is looked for again."""
    harness = await loaded()
    token = token_with_unknown_key(harness.local, "k2")
    for seconds in (0, 1, REMEMBERED - 1.001):
        harness.clock.advance(seconds)
        assert await harness.verdict(token) == UNKNOWN
    assert harness.fetches == 2
    harness.local.rotate(SigningKey("k2"))
    assert await harness.verdict() == UNKNOWN
    harness.clock.advance(0.001)
    assert await harness.verdict() == GOOD
    assert harness.fetches == 3


async def test_unknown_key_in_the_first_token_causes_one_fetch() -> None:
    """Keys fetched for this token can't be newer."""
    harness = JWTIssuerHarness()
    assert await harness.verdict(token_with_unknown_key(harness.local)) == UNKNOWN
    assert harness.fetches == 1


async def test_bad_signature_in_the_first_token_causes_one_fetch() -> None:
    """Likewise."""
    harness = JWTIssuerHarness()
    assert await harness.verdict(token_with_unknown_key(harness.local, "k1")) == BAD
    assert harness.fetches == 1


async def test_unknown_keys_cause_three_fetches_then_a_delay_then_rejections() -> None:
    """Valid tokens are accepted all the while."""
    harness = await loaded()
    good = harness.local.token("read")
    assert await flood(harness, 3) == {UNKNOWN: 3}
    assert await harness.verdict(good) == GOOD
    assert await flood(harness, 10, start=3) == {DELAYED: 10}
    assert await flood(harness, 100, start=13) == {UNKNOWN: 100}
    assert await harness.verdict(good) == GOOD
    assert harness.fetches == 1 + 3


@pytest.mark.parametrize(("seconds", "retry_after"), [(0, 10), (3.5, 7), (9.9, 1)])
async def test_retry_after_of_a_delayed_token_is_the_time_until_the_next_fetch(
    seconds: float, retry_after: int
) -> None:
    """Retry-After is in whole seconds, rounded up."""
    harness = await loaded()
    await flood(harness, 3)
    harness.clock.advance(seconds)
    error = await harness.unavailable(token_with_unknown_key(harness.local, "k2"))
    assert (error.reason, error.retry_after) == (DELAYED, retry_after)


async def test_delayed_token_is_accepted_after_the_scheduled_fetch() -> None:
    """The key was published meanwhile; one that was not is rejected without another fetch."""
    harness = await loaded()
    await flood(harness, 3)
    harness.local.rotate(SigningKey("k2"))
    other = token_with_unknown_key(harness.local, "k3")
    assert await harness.verdict() == DELAYED
    assert await harness.verdict(other) == DELAYED
    harness.clock.advance(COOLDOWN)
    assert await harness.verdict() == GOOD
    assert await harness.verdict(other) == UNKNOWN
    assert harness.fetches == 1 + 3 + 1


async def test_scheduled_fetch_needs_no_request() -> None:
    """A timer starts it."""
    harness = JWTIssuerHarness(
        jwks_cache=JWKSCache(cooldown=0.05), clock=lambda: asyncio.get_running_loop().time()
    )
    assert await harness.verdict() == GOOD
    await flood(harness, 4)
    before = harness.fetches
    async with asyncio.timeout(5):
        while harness.fetches == before:  # noqa: ASYNC110 - a timer of the key set
            await asyncio.sleep(0.01)
    await harness.issuer.aclose()


async def test_flood_for_ten_minutes_causes_one_fetch_each_ten_seconds() -> None:
    """At most ten tokens between two fetches are delayed."""
    harness = await loaded()
    outcomes: Counter[str] = Counter()
    for second in range(600):
        outcomes += await flood(harness, 20, start=20 * second)
        harness.clock.advance(1)
    assert set(outcomes) == {UNKNOWN, DELAYED}
    assert harness.fetches <= 1 + 3 + 60
    assert outcomes[DELAYED] <= 10 * harness.fetches


@pytest.mark.parametrize("cooldown", [5, 30])
async def test_fetch_is_regained_after_the_configured_cooldown(cooldown: float) -> None:
    """The default is 10 s."""
    harness = await loaded(jwks_cache=JWKSCache(cooldown=cooldown))
    await flood(harness, 3)
    harness.clock.advance(cooldown - 0.1)
    assert await flood(harness, 1, start=3) == {DELAYED: 1}
    harness.clock.advance(0.1)
    assert await flood(harness, 1, start=4) == {UNKNOWN: 1}


async def test_cooldown_of_zero_removes_the_limit() -> None:
    """For tests, and issuers on the same machine."""
    harness = await loaded(jwks_cache=JWKSCache(cooldown=0))
    assert await flood(harness, 20) == {UNKNOWN: 20}
    assert harness.fetches == 21


async def test_bad_signatures_take_one_fetch_of_the_three_and_stay_rejected() -> None:
    """Two are left for unknown keys, one of which may be a new key."""
    harness = await loaded()
    bad = token_with_unknown_key(harness.local, "k1")
    assert {await harness.verdict(bad) for _ in range(100)} == {BAD}
    assert harness.fetches == 2
    assert await flood(harness, 2) == {UNKNOWN: 2}
    assert await flood(harness, 1, start=2) == {DELAYED: 1}
    assert await harness.verdict(bad) == BAD
    assert harness.fetches == 4


async def test_bad_signature_during_an_outage_stays_rejected() -> None:
    """Its key is known, and did not sign it."""
    harness = await loaded()
    harness.local.outage = refuse_connection
    bad = token_with_unknown_key(harness.local, "k1")
    assert [await harness.verdict(bad) for _ in range(5)] == [BAD] * 5


async def test_bad_signature_is_verified_again_with_the_keys_of_a_fetch_in_progress() -> None:
    """A refresh that was started before may return the key that replaced the known one."""
    harness = await loaded()
    old = harness.local.token("read")
    harness.clock.advance(480)
    harness.block()
    assert await harness.verdict(old) == GOOD
    await harness.request_received.wait()
    harness.local.keys = [SigningKey("k1")]
    waiting = asyncio.create_task(harness.verdict())
    await asyncio.sleep(0)
    harness.unblock()
    assert await waiting == GOOD
    assert harness.fetches == 2


async def test_unknown_key_during_an_outage_is_an_outage() -> None:
    """It is not rejected, and does not cause an attempt per token."""
    harness = await loaded()
    harness.local.outage = refuse_connection
    assert await flood(harness, 50) == {Reason.UNREACHABLE: 50}
    assert len(harness.local.requests) <= 2 + 2 * 2  # discovery and keys, once or twice more
    harness.local.outage = None
    harness.clock.advance(60)
    harness.local.rotate(SigningKey("k2"))
    assert await harness.verdict() == GOOD


async def test_unknown_key_is_an_outage_if_the_issuer_withdrew_all_keys() -> None:
    """The fetch for it finds none."""
    harness = await loaded()
    harness.local.keys = []
    token = token_with_unknown_key(harness.local, "k2")
    assert await harness.verdict(token) == Reason.NO_USABLE_KEYS


async def test_new_jwks_uri_is_found_after_an_unknown_key() -> None:
    """The metadata is read again, even if the old URL still works."""
    harness = JWTIssuerHarness()
    documents = {
        "/.well-known/oauth-authorization-server": harness.local.metadata,
        "/jwks": harness.local.jwks,
    }
    harness.local.outage = lambda request: httpx.Response(200, json=documents[request.url.path])
    assert await harness.verdict() == GOOD
    harness.local.keys = [SigningKey("k2")]
    harness.local.metadata["jwks_uri"] = f"{ISSUER}/new/jwks"
    documents["/new/jwks"] = harness.local.jwks
    assert await harness.verdict() == GOOD


async def test_key_is_found_at_the_known_url_while_the_metadata_is_unavailable() -> None:
    """Only the metadata fails, so the keys are fetched from where they were."""
    harness = await loaded()
    harness.local.rotate(SigningKey("k2"))

    def fail(request: httpx.Request) -> httpx.Response:
        found = request.url.path == "/jwks"
        return httpx.Response(200, json=harness.local.jwks) if found else httpx.Response(500)

    harness.local.outage = fail
    assert await harness.verdict() == GOOD


NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("claims", "header", "reason"),
    [
        pytest.param({"exp": NOW - 60}, {}, Reason.EXPIRED, id="expired"),
        pytest.param({"nbf": NOW + 60}, {}, Reason.NOT_YET_VALID, id="not yet valid"),
        pytest.param({"iat": NOW + 600}, {}, Reason.ISSUED_IN_FUTURE, id="issued in the future"),
        pytest.param({"aud": "https://other.test"}, {}, Reason.WRONG_AUDIENCE, id="audience"),
        pytest.param({"client_id": "other"}, {}, Reason.WRONG_CLIENT, id="client"),
        pytest.param({"tier": "free"}, {}, Reason.WRONG_CLAIM, id="a claim of the operator"),
        pytest.param({"sub": 5}, {}, Reason.MALFORMED_CLAIM, id="type of a claim"),
        pytest.param({"jti": ...}, {}, Reason.MISSING_CLAIM, id="missing claim"),
        pytest.param({"iss": "https://other.test"}, {}, Reason.UNKNOWN_ISSUER, id="issuer"),
        pytest.param({}, {"typ": "JWT"}, Reason.WRONG_TYPE, id="type of the token"),
        pytest.param({}, {"alg": "EdDSA"}, Reason.ALGORITHM_NOT_ALLOWED, id="algorithm"),
    ],
)
@pytest.mark.parametrize("keys_are_here", [True, False], ids=["cached keys", "no keys"])
async def test_token_that_fails_a_check_without_a_key_causes_no_fetch(
    claims: dict[str, Any], header: dict[str, Any], reason: Reason, keys_are_here: bool
) -> None:
    """Such tokens cost nothing, so they use up no fetch either."""
    settings = {"clients": ["c1"], "claims": {"tier": "paid"}, "algorithms": ["ES256"]}
    harness = JWTIssuerHarness(**settings)
    guard = Guard("https://api.test", [harness.issuer], clock=lambda: NOW)
    good: dict[str, Any] = {"iss": ISSUER, "aud": "https://api.test", "sub": "u", "jti": "j"}
    good |= {"client_id": "c1"} | {"iat": NOW, "exp": NOW + 60, "tier": "paid"}
    if keys_are_here:
        harness.issuer.start()
        await wait_for_background_tasks()
    before = len(harness.local.requests)
    changed = {name: value for name, value in (good | claims).items() if value is not ...}
    key = SigningKey("unknown", header.get("alg", "ES256"))
    token = key.sign(httpx.Response(200, json=changed).content, {"typ": "at+jwt", **header})
    connection = {"headers": [(b"authorization", b"Bearer " + token.encode())]}
    with pytest.raises(InvalidToken) as rejected:
        await guard.authenticate(ResourceRequest(connection))
    assert rejected.value.reason == reason
    assert len(harness.local.requests) == before


async def test_token_that_passes_every_check_without_a_key_causes_a_fetch() -> None:
    """The table above changes one thing of it each."""
    harness = await loaded()
    guard = Guard("https://api.test", [harness.issuer], clock=lambda: NOW)
    good: dict[str, Any] = {"iss": ISSUER, "aud": "https://api.test", "sub": "u", "jti": "j"}
    good |= {"client_id": "c1"} | {"iat": NOW, "exp": NOW + 60}
    for number in range(4):
        token = SigningKey(f"unknown-{number}").sign(
            httpx.Response(200, json=good).content, {"typ": "at+jwt"}
        )
        connection = {"headers": [(b"authorization", b"Bearer " + token.encode())]}
        with pytest.raises((InvalidToken, IssuerUnavailable)):
            await guard.authenticate(ResourceRequest(connection))
    assert harness.fetches == 4


@pytest.mark.parametrize("iat", [0, NOW - 1, NOW])
async def test_time_of_issue_does_not_decide_whether_keys_are_fetched(iat: float) -> None:
    """The caller chooses it."""
    harness = await loaded()
    claims = {**harness.local.claims("read"), "iat": iat}
    token = SigningKey("k2").sign(httpx.Response(200, json=claims).content, {"typ": "at+jwt"})
    assert await harness.verdict(token) == UNKNOWN
    assert harness.fetches == 2


async def test_budget_is_reported_to_the_operator_once_per_fetch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A flood does not fill the log."""
    harness = await loaded()
    await flood(harness, 50)
    warnings = [each.getMessage() for each in caplog.records if "unknown keys" in each.getMessage()]
    assert warnings == [f"{ISSUER}: unknown keys caused several fetches: the next is in 10 s"]
