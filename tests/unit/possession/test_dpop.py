"""DPoP: settings are checked, and a proof is claimed once or rejected for a reason."""

from typing import Any

import pytest

from oauth_guard.errors import (
    ConfigurationError,
    InvalidDPoPProof,
    IssuerUnavailable,
    Reason,
    StoreUnavailable,
    TooManyRequests,
)
from oauth_guard.possession import DPoP
from oauth_guard.protocol.dpop import DPoPProof
from oauth_guard.stores.replays import MemoryOnce

NOW = 1_800_000_000.0


def proof(jti: str, thumbprint: str = "key") -> DPoPProof:
    """Return a verified proof that is accepted for 60 seconds more."""
    return DPoPProof(thumbprint, jti, NOW + 60)


async def test_proof_is_claimed_once() -> None:
    """The second claim is a replay; another key may use the same identifier."""
    dpop = DPoP()
    await dpop.claim(proof("a"), NOW)
    await dpop.claim(proof("a", "other key"), NOW)
    with pytest.raises(InvalidDPoPProof) as caught:
        await dpop.claim(proof("a"), NOW)
    assert caught.value.reason is Reason.REPLAYED_PROOF


async def test_processes_share_claims_in_a_store() -> None:
    """Settings of two guards with one store accept one copy."""
    store = MemoryOnce()
    first, second = DPoP(replays=store), DPoP(replays=store)
    assert first.is_shared
    assert not DPoP().is_shared
    await first.claim(proof("a"), NOW)
    with pytest.raises(InvalidDPoPProof):
        await second.claim(proof("a"), NOW)


async def test_key_with_too_many_proofs_is_limited() -> None:
    """Only that key."""
    dpop = DPoP(max_proofs_per_key=1)
    await dpop.claim(proof("a"), NOW)
    with pytest.raises(TooManyRequests) as caught:
        await dpop.claim(proof("b"), NOW)
    assert (caught.value.status, caught.value.reason) == (429, Reason.TOO_MANY_PROOFS)
    await dpop.claim(proof("b", "other key"), NOW)


class _Down(MemoryOnce):
    """A store that is down, and counts how often it is loaded and closed."""

    loaded = closed = 0

    async def claim(self, key: bytes, seconds: float) -> bool:
        """Fail."""
        raise StoreUnavailable(f"down for {len(key)} bytes, {seconds} s")

    async def load(self) -> None:
        """Count."""
        self.loaded += 1

    async def aclose(self) -> None:
        """Count."""
        self.closed += 1


async def test_proof_is_not_accepted_while_the_store_is_down() -> None:
    """The caller may try again: 503."""
    store = _Down()
    dpop = DPoP(replays=store)
    with pytest.raises(IssuerUnavailable) as caught:
        await dpop.claim(proof("a"), NOW)
    assert caught.value.reason is Reason.REPLAY_STORE_UNAVAILABLE
    assert caught.value.issuer == "replay store"
    await dpop.load()
    await dpop.aclose()
    assert (store.loaded, store.closed) == (1, 1)


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"algorithms": ["HS256"]}, "algorithms= of proofs are asymmetric"),
        ({"max_age": 301}, "at most 300 seconds"),
        ({"future_tolerance": -1}, "0 to 300"),
        ({"public_origin": "https://a.example/path"}, "scheme, host and port"),
        ({"max_proofs_per_key": 0}, "1 claim or more"),
    ],
)
def test_wrong_setting_is_refused(settings: dict[str, Any], advice: str) -> None:
    """The message says what to write."""
    with pytest.raises(ConfigurationError, match=advice):
        DPoP(**settings)


def test_settings_are_kept() -> None:
    """The origin in normal form."""
    dpop = DPoP(public_origin="https://API.example:443", algorithms=["ES256"], max_age=300)
    assert dpop.public_origin == "https://api.example"
    assert (dpop.rules.algorithms, dpop.rules.max_age) == (("ES256",), 300)
    assert repr(dpop) == "<DPoP: ES256>"
