"""DPoP: how a guard verifies the proofs of tokens that are bound to a key (RFC 9449)."""

from collections.abc import Iterable, Iterator
from typing import Final

from oauth_guard.errors import (
    InvalidDPoPProof,
    IssuerUnavailable,
    Reason,
    StoreUnavailable,
    TooManyRequests,
)
from oauth_guard.interfaces import Once
from oauth_guard.protocol.dpop import DEFAULT_PROOF_ALGORITHMS, DPoPProof, ProofRules
from oauth_guard.protocol.measurements import Measurement
from oauth_guard.protocol.nonce import Nonces
from oauth_guard.protocol.target_uri import normalize_origin
from oauth_guard.stores.replays import Claim, ProofReplays

__all__ = ["DPoP"]

REPLAY_STORE: Final = "replay store"


class DPoP:
    """The settings of DPoP, and which proofs were used.

    Args:
        public_origin: Scheme, host and port under which clients reach the resource, if they are
            not those of the guard's resource. Proofs are compared with it, never with `Host`.
        algorithms: The signature algorithms of proofs, in the order of challenges.
        max_age: How long ago a proof may have been issued, in seconds, at most 300.
        future_tolerance: How far in the future it may have been issued, in seconds, at most 300.
        nonces: If set, each proof must contain one of these nonces, and its `iat` is not compared
            with the clock.
        replays: Where processes remember together which proofs were used. None remembers them in
            this process: then a proof can be used once in each process.
        max_proofs_per_key: How many proofs one key may use before the first of them expires, in
            each process.

    Raises:
        ConfigurationError: A setting is out of its bounds.
    """

    def __init__(  # noqa: PLR0913 - settings, each by keyword and with a default
        self,
        *,
        public_origin: str | None = None,
        algorithms: Iterable[str] = DEFAULT_PROOF_ALGORITHMS,
        max_age: float = 60,
        future_tolerance: float = 10,
        nonces: Nonces | None = None,
        replays: Once | None = None,
        max_proofs_per_key: int = 4096,
    ) -> None:
        self.rules = ProofRules.of(
            algorithms, max_age=max_age, future_tolerance=future_tolerance, nonces=nonces
        )
        self.public_origin = None if public_origin is None else normalize_origin(public_origin)
        self.is_shared = replays is not None
        self._replays = ProofReplays(replays, max_per_key=max_proofs_per_key)

    def __repr__(self) -> str:
        return f"<DPoP: {' '.join(self.rules.algorithms)}>"

    def measurements(self) -> Iterator[Measurement]:
        """Yield how many proofs this process remembers."""
        yield Measurement("proofs_remembered", len(self._replays))

    async def claim(self, proof: DPoPProof, now: float) -> None:
        """Claim the first use of a verified *proof*, whose key was compared with the token.

        Raises:
            InvalidDPoPProof: The proof was used.
            TooManyRequests: Its key has used too many proofs that are still accepted.
            IssuerUnavailable: The replay store is full or can't be reached.
        """
        try:
            claim = await self._replays.claim(proof.thumbprint, proof.jti, proof.expires_at - now)
        except StoreUnavailable:
            raise IssuerUnavailable(REPLAY_STORE, Reason.REPLAY_STORE_UNAVAILABLE) from None
        if claim is Claim.SEEN:
            raise InvalidDPoPProof(Reason.REPLAYED_PROOF)
        if claim is Claim.LIMITED:
            raise TooManyRequests(Reason.TOO_MANY_PROOFS)

    async def load(self) -> None:
        """Check that the replay store keeps each claim until its end.

        Raises:
            ConfigurationError: It removes claims before that.
        """
        await self._replays.load()

    async def aclose(self) -> None:
        """Close the connections of the replay store; the next use opens them again."""
        await self._replays.aclose()
