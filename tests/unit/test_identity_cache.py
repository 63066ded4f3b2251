"""IdentityCache: stores only what may be reused, and returns it only while it is current."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard import Guard, Identity, JWTIssuer
from oauth_guard.byte_budget import ByteBudget
from oauth_guard.errors import (
    InvalidDPoPProof,
    InvalidToken,
    IssuerUnavailable,
    Reason,
    RequestRejected,
)
from oauth_guard.identity_cache import IdentityCache, ValidatedToken
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.possession import DPoP
from oauth_guard.protocol.access_token import AccessToken, Validation
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer, SigningKey
from oauth_guard.testing.dpop import DPoPKey
from tests.unit.protocol.properties import BOUNDED

NOW = 1_800_000_000
RULES = ClaimRules.of("https://as.test", required_claims=[], leeway=0)
KEY, OTHER_KEY = b"key", b"other key"


def validated(
    is_current: Callable[[], bool] | None = lambda: True, raw: str | None = None, **claims: Any
) -> ValidatedToken:
    """Return a token that was validated by a rule that does not matter here."""
    token = AccessToken.from_claims({"exp": NOW + 60, **claims}, RULES)
    return ValidatedToken(Identity.from_token(token, raw=raw), Validation(token, is_current))


@pytest.mark.parametrize("key", [OTHER_KEY, b"", None], ids=["another", "empty", "none"])
def test_token_is_found_by_its_own_key_alone(key: bytes | None) -> None:
    """No key is never a hit."""
    cache, token = IdentityCache(10), validated()
    cache.put(KEY, token)
    assert cache.get(KEY, NOW) is token
    assert cache.get(key, NOW) is None


def test_token_without_a_key_is_never_stored() -> None:
    """Its credentials have another spelling, or another place."""
    cache = IdentityCache(10)
    cache.put(None, validated())
    assert cache.get(None, NOW) is None


@pytest.mark.parametrize(
    ("claims", "now", "found"),
    [
        pytest.param({}, NOW + 59.9, True, id="just in time"),
        pytest.param({}, NOW + 60, False, id="expired"),
        pytest.param({"nbf": NOW}, NOW, True, id="just valid"),
        pytest.param({"nbf": NOW}, NOW - 1, False, id="a clock that ran backwards"),
        pytest.param({"iat": NOW}, NOW - 10, True, id="issued a little in the future"),
        pytest.param({"iat": NOW}, NOW - 11, False, id="issued in the future"),
        pytest.param({"exp": NOW + 0.5}, NOW + 0.5, False, id="a fraction"),
    ],
)
def test_cached_token_is_current_only_within_its_times(
    claims: dict[str, Any], now: float, found: bool
) -> None:
    """It ends, and begins, when the token does."""
    cache = IdentityCache(10)
    cache.put(KEY, validated(**claims))
    assert (cache.get(KEY, now) is not None) is found


def test_cached_token_is_not_reused_when_its_issuer_says_so() -> None:
    """Not while it is not current; again once it is."""
    current = [True]
    cache = IdentityCache(10)
    cache.put(KEY, validated(lambda: current[0]))
    assert cache.get(KEY, NOW)
    current[0] = False
    assert cache.get(KEY, NOW) is None
    current[0] = True
    assert cache.get(KEY, NOW)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param({"is_current": None}, id="current is unknown"),
        pytest.param({"raw": "e30.e30.e30"}, id="with the raw token"),
    ],
)
def test_token_that_must_not_be_reused_is_never_stored(token: dict[str, Any]) -> None:
    """Its header alone does not prove its owner, or it can't be revalidated without I/O."""
    cache = IdentityCache(10)
    cache.put(KEY, validated(**token))
    assert cache.get(KEY, NOW) is None


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"cnf": {"jkt": "x"}}, id="bound by DPoP"),
        pytest.param({"cnf": {"x5t#S256": "x"}}, id="bound by mutual TLS"),
        pytest.param({"cnf": {}}, id="an empty cnf"),
        pytest.param({"cnf": None}, id="a null cnf"),
        pytest.param({"token_type": "DPoP"}, id="of type DPoP"),
    ],
)
def test_bound_token_is_stored_with_what_binds_it(claims: dict[str, Any]) -> None:
    """Each hit needs the proof, which the guard checks after the cache."""
    cache = IdentityCache(10)
    cache.put(KEY, validated(**claims))
    entry = cache.get(KEY, NOW)
    assert entry is not None
    assert entry.confirmation == (claims.get("cnf"), "token_type" in claims)


async def test_cached_bound_token_without_its_proof_is_rejected() -> None:
    """Its owner has called, so it is cached; neither scheme lets a thief use it."""
    local, key = LocalIssuer(), DPoPKey()
    issuer = JWTIssuer(local.issuer, keys=local.jwks)
    guard = Guard(local.audience, [issuer], dpop=DPoP())
    token = local.token("read", cnf=key.cnf)
    connection: dict[str, Any] = {"method": "GET", "path": "/", "raw_path": b"/"}
    for _ in range(2):
        fields = key.headers(token, "GET", f"{local.audience}/").items()
        headers = [(name.lower().encode(), value.encode()) for name, value in fields]
        await guard.authenticate(ResourceRequest({**connection, "headers": headers}))
    for scheme, rejection in (("DPoP", InvalidDPoPProof), ("Bearer", InvalidToken)):
        headers = [(b"authorization", f"{scheme} {token}".encode())]
        with pytest.raises(rejection):
            await guard.authenticate(ResourceRequest({**connection, "headers": headers}))
    await guard.aclose()


def test_token_that_exceeds_the_memory_evicts_the_oldest_ones() -> None:
    """A token that is put again is counted once, and one larger than all memory is not stored."""
    size = validated().size
    budget = ByteBudget(3 * size)
    cache = IdentityCache(10, budget)
    for name in (b"a", b"b", b"b", b"a", b"c", b"d"):
        cache.put(name, validated())
    assert [each for each in (b"a", b"b", b"c", b"d") if cache.get(each, NOW)] == [b"a", b"c", b"d"]
    assert budget.used == 3 * size
    cache.put(b"e", validated(x="x" * 4 * size))
    assert cache.get(b"e", NOW) is None
    assert cache.get(b"a", NOW)
    cache.put(b"e", validated(x="x" * (size // 2)))
    assert [each for each in (b"a", b"c", b"d", b"e") if cache.get(each, NOW)] == [b"e"]
    assert budget.used <= budget.limit


def test_full_cache_evicts_the_oldest_entry() -> None:
    """An entry that is put again becomes the newest."""
    cache = IdentityCache(2)
    for name, found in (
        (b"a", [b"a"]),
        (b"b", [b"a", b"b"]),
        (b"b", [b"a", b"b"]),
        (b"a", [b"a", b"b"]),
        (b"c", [b"a", b"c"]),
    ):
        cache.put(name, validated())
        assert [each for each in (b"a", b"b", b"c") if cache.get(each, NOW)] == found


async def test_cache_contains_no_token() -> None:
    """It contains digests."""
    local = LocalIssuer()
    guard = Guard(local.audience, [JWTIssuer(local.issuer, keys=local.jwks)])
    token = local.token("read")
    request = ResourceRequest({"headers": [(b"authorization", f"Bearer {token}".encode())]})
    assert await guard.authenticate(request) is await guard.authenticate(request)
    await guard.aclose()
    (entry,) = vars(vars(guard)["_cache"])["_entries"].items()
    key, cached = entry
    shown = repr((key, [getattr(cached, name) for name in ValidatedToken.__slots__]))
    assert token not in shown


ACTIONS = st.sampled_from(
    ["request", "request", "later", "much later", "back", "rotate", "withdraw", "down", "up"]
)


@BOUNDED
@given(st.lists(ACTIONS, max_size=25))
def test_cache_hit_has_the_outcome_of_a_validation(actions: list[str]) -> None:
    """Whatever happens to clocks, keys and the issuer."""
    asyncio.run(_hit_is_as_miss(actions))


async def _hit_is_as_miss(actions: list[str]) -> None:
    clock = [float(NOW)]
    local = LocalIssuer(clock=lambda: clock[0])
    issuer = JWTIssuer(
        local.issuer,
        http=local.http,
        clock=lambda: clock[0],
        jwks_cache=JWKSCache(max_age=300, cooldown=0, stale_if_error=300),
    )
    quick = Guard("https://api.test", [issuer], clock=lambda: clock[0])
    tokens = [local.token("read"), local.token("read", exp=NOW + 4000, nbf=NOW + 5)]
    for action in actions:
        if action == "request":
            for token in tokens:
                await _compare(quick, issuer, token, clock)
        elif action == "rotate":
            local.rotate(SigningKey(f"k{len(local.keys) + 1}"))
            tokens.append(local.token("read", exp=NOW + 4000))
        elif action == "withdraw":
            local.keys = local.keys[:1]
        elif action in {"down", "up"}:
            local.outage = _down if action == "down" else None
        else:
            clock[0] += {"later": 30, "much later": 290, "back": -45}[action]
    await quick.aclose()


def _down(_request: Any) -> Any:
    raise ConnectionError


async def _compare(quick: Guard, issuer: JWTIssuer, token: str, clock: list[float]) -> None:
    request = ResourceRequest({"headers": [(b"authorization", b"Bearer " + token.encode())]})
    slow = Guard("https://api.test", [issuer], clock=lambda: clock[0])
    outcomes: list[Identity | Reason] = []
    for guard in (quick, slow):  # the quick one first, so that it has fetched nothing
        try:
            outcomes.append(await guard.authenticate(request))
        except (RequestRejected, IssuerUnavailable) as error:
            outcomes.append(error.reason)
    assert outcomes[0] == outcomes[1] or isinstance(outcomes[1], Identity)


class _Changes:
    """Says that each token is outdated, or none is.

    Attributes:
        version: As the deny-list counts its entries.
        outdated: Whether claims are outdated.
        calls: How often that was computed.
    """

    def __init__(self) -> None:
        self.version, self.outdated, self.calls = 1, False, 0

    def is_outdated(self, _validated: ValidatedToken) -> bool:
        """Return whether it is outdated."""
        self.calls += 1
        return self.outdated

    def outdates(self, _validation: Validation) -> bool:
        """Return the same; the cache does not call it."""
        raise AssertionError


def test_token_whose_claims_are_outdated_is_no_hit() -> None:
    """Nothing is computed for a token that has passed the present version of the list."""
    changes = _Changes()
    cache, token = IdentityCache(changes=changes), validated()
    cache.put(KEY, token)
    assert cache.get(KEY, NOW) is token
    changes.outdated = True
    assert cache.get(KEY, NOW) is None
    token.passed = 1
    assert cache.get(KEY, NOW) is token
    assert changes.calls == 2
    changes.version = 2
    assert cache.get(KEY, NOW) is None
