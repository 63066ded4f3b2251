"""IdentityCache: a hit can't be told from a miss, but by its speed."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard import Guard, Identity, JWTIssuer
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason, RequestRejected
from oauth_guard.identity_cache import IdentityCache
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.protocol.access_token import AccessToken, Validation
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.unit.protocol.properties import BOUNDED

NOW = 1_800_000_000
RULES = ClaimRules.of("https://as.test", required_claims=[], leeway=0)
ADA, GRACE = (Identity(issuer="https://as.test", subject=name) for name in ("ada", "grace"))


def vouched(stands: Callable[[], bool] | None = lambda: True, **claims: Any) -> Validation:
    """Return a token that an issuer vouched for."""
    return Validation(AccessToken.from_claims({"exp": NOW + 60, **claims}, RULES), stands)


@pytest.mark.parametrize(
    ("field", "found"),
    [
        pytest.param(b"Bearer x", ADA, id="the same"),
        pytest.param(b"Bearer y", None, id="another token"),
        pytest.param(b"bearer x", None, id="another spelling"),
        pytest.param(b"Bearer  x", None, id="another space"),
    ],
)
def test_only_the_very_same_header_is_recalled(field: bytes, found: Identity | None) -> None:
    """Whatever else came is for the path to judge."""
    admissions = IdentityCache(10)
    admissions.remember(b"Bearer x", ADA, vouched())
    assert admissions.recall(field, NOW) is found


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
def test_nothing_is_recalled_out_of_its_time(
    claims: dict[str, Any], now: float, found: bool
) -> None:
    """It ends, and begins, when the token does."""
    admissions = IdentityCache(10)
    admissions.remember(b"Bearer x", ADA, vouched(**claims))
    assert (admissions.recall(b"Bearer x", now) is not None) is found


def test_nothing_is_recalled_when_the_issuer_no_longer_stands_by_it() -> None:
    """Not while it does not, and not what it never could."""
    word = [True]
    admissions = IdentityCache(10)
    admissions.remember(b"Bearer x", ADA, vouched(lambda: word[0]))
    admissions.remember(b"Bearer y", ADA, vouched(None))
    assert admissions.recall(b"Bearer x", NOW) is ADA
    word[0] = False
    assert admissions.recall(b"Bearer x", NOW) is None
    assert admissions.recall(b"Bearer y", NOW) is None


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"cnf": {"jkt": "x"}}, id="DPoP"),
        pytest.param({"cnf": {"x5t#S256": "x"}}, id="mutual TLS"),
        pytest.param({"cnf": {}}, id="empty"),
        pytest.param({"cnf": None}, id="null"),
        pytest.param({"token_type": "DPoP"}, id="introspected"),
    ],
)
def test_bound_token_is_never_stored(claims: dict[str, Any]) -> None:
    """The header that a hit is found by does not prove the owner of a bound token."""
    admissions = IdentityCache(10)
    admissions.remember(b"Bearer x", ADA, vouched(**claims))
    assert admissions.recall(b"Bearer x", NOW) is None


async def test_binding_check_runs_on_each_request_of_a_bound_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A binding check that accepts the first request and refuses the second refuses the second."""
    accepted = iter([True, False])

    def accepts_once(_token: AccessToken) -> None:
        if not next(accepted):
            raise InvalidToken(Reason.BOUND_TOKEN)

    monkeypatch.setattr("oauth_guard.guard.check_binding", accepts_once)
    local = LocalIssuer()
    guard = Guard(local.audience, [JWTIssuer(local.issuer, keys=local.jwks)])
    header = f"Bearer {local.token('read', cnf={'jkt': 'x'})}".encode()
    request = ResourceRequest("GET", [(b"authorization", header)])
    await guard.authenticate(request)
    with pytest.raises(InvalidToken):
        await guard.authenticate(request)
    await guard.aclose()


def test_the_oldest_goes_first() -> None:
    """However many come, no more than the bound are remembered."""
    admissions = IdentityCache(2)
    for name, found in (
        (b"a", [b"a"]),
        (b"b", [b"a", b"b"]),
        (b"b", [b"a", b"b"]),
        (b"a", [b"a", b"b"]),
        (b"c", [b"a", b"c"]),
    ):
        admissions.remember(name, ADA, vouched())
        assert [each for each in (b"a", b"b", b"c") if admissions.recall(each, NOW)] == found


async def test_no_token_rests_in_memory() -> None:
    """Digests do."""
    local = LocalIssuer()
    guard = Guard(local.audience, [JWTIssuer(local.issuer, keys=local.jwks)])
    token = local.token("read")
    request = ResourceRequest("GET", [(b"authorization", f"Bearer {token}".encode())])
    assert await guard.authenticate(request) is await guard.authenticate(request)
    await guard.aclose()
    held = vars(vars(guard)["_admissions"])
    assert len(held["_entries"]) == 1
    assert token not in repr(held)


ACTIONS = st.sampled_from(
    ["request", "request", "later", "much later", "back", "rotate", "withdraw", "down", "up"]
)


@BOUNDED
@given(st.lists(ACTIONS, max_size=25))
def test_a_hit_is_as_a_miss(actions: list[str]) -> None:
    """Whatever happens to clocks, keys and the issuer: recalled is only what would be admitted."""
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
    request = ResourceRequest("GET", [(b"authorization", b"Bearer " + token.encode())])
    slow = Guard("https://api.test", [issuer], clock=lambda: clock[0])
    outcomes: list[Identity | Reason] = []
    for guard in (quick, slow):  # the quick one first, so that it has fetched nothing
        try:
            outcomes.append(await guard.authenticate(request))
        except (RequestRejected, IssuerUnavailable) as error:
            outcomes.append(error.reason)
    assert outcomes[0] == outcomes[1] or isinstance(outcomes[1], Identity)
