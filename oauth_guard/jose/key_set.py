"""KeySet: the keys of one issuer, and signature verification with them (RFC 7517 §5)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.algorithms import SYMMETRIC
from oauth_guard.jose.jwk import Key, import_key
from oauth_guard.jose.jws import JWS

__all__ = ["MAX_KEYS", "MAX_WORK", "KeySet"]

MAX_KEYS = 100
"""How many keys of a document are read at most."""

MAX_WORK = 200
"""How much one token may cost by default; 1 is a verification with an RSA key of 2048 bits."""

_MAX_LOGGED = 100  # characters
_NO_KEYS: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class KeySet:
    """The usable keys of one issuer. When the issuer changes its keys, a new `KeySet` is built.

    Attributes:
        keys: The keys that may verify signatures, in the order of the document.
        skipped: Why the other keys of the document were skipped, one text for each.
        max_work: How much verifying one token may cost when several keys match: the sum of
            `Key.cost`. The first matching key is always tried, and the next ones up to this cost.
        oversized: Whether the document has more keys than the 100 that were read.
    """

    keys: tuple[Key, ...]
    skipped: tuple[str, ...] = ()
    max_work: float = MAX_WORK
    oversized: bool = False
    # By the algorithm and the `kid` of a token, None if it has none: the keys to try, in order.
    _candidates: Mapping[tuple[str, str | None], tuple[Key, ...]] = field(init=False, compare=False)
    # By algorithm: the keys without `kid`, for a token whose `kid` no key has.
    _without_id: Mapping[str, tuple[Key, ...]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Index the keys by what a token's header says."""
        index: dict[tuple[str, str | None], list[Key]] = {}
        without_id: dict[str, list[Key]] = {}
        for key in self.keys:
            for algorithm in key.algorithms:
                index.setdefault((algorithm, None), []).append(key)
                if key.key_id is None:
                    without_id.setdefault(algorithm, []).append(key)
                else:
                    index.setdefault((algorithm, key.key_id), []).append(key)
        for (algorithm, key_id), keys in index.items():
            if key_id is not None:
                keys.extend(without_id.get(algorithm, ()))
        candidates = {header: self._affordable(keys) for header, keys in index.items()}
        others = {algorithm: self._affordable(keys) for algorithm, keys in without_id.items()}
        object.__setattr__(self, "_candidates", candidates)
        object.__setattr__(self, "_without_id", others)

    @classmethod
    def from_document(cls, document: Mapping[str, Any], *, max_work: float = MAX_WORK) -> Self:
        """Read a JWK Set, and skip the keys that can't be used (RFC 7517 §5).

        At most 100 elements of `keys` are read; `oversized` says whether there are more.

        Raises:
            ValueError: `keys` is not an array.
        """
        jwks = document.get("keys")
        if not isinstance(jwks, list):
            raise ValueError("a key set has an array `keys`")  # noqa: TRY004 - one error type
        keys: list[Key] = []
        skipped: list[str] = []
        for jwk in jwks[:MAX_KEYS]:
            try:
                keys.append(import_key(jwk if isinstance(jwk, dict) else {}))
            except ValueError as error:
                skipped.append(f"{error}{_named(jwk)}")
        return cls(tuple(keys), tuple(skipped), max_work, len(jwks) > MAX_KEYS)

    def verify(self, token: JWS) -> None:
        """Verify the signature of *token* with the keys that match its `alg` and `kid`.

        A key without `kid` matches every `kid` (RFC 7517 §4.5), and a token without `kid` every
        key of its algorithm (RFC 7515 §4.1.4). The keys that have the token's `kid` are tried
        first. `max_work` bounds the work for one token. Claims are not checked.

        Raises:
            InvalidToken: No matching key verifies the signature. The reason is `UNKNOWN_KEY` if
                no key has the token's algorithm and `kid`, so that a newer key set may have it;
                else `BAD_SIGNATURE`.
        """
        header = token.header
        # The secret of an issuer is imported without `kid`, so the token's `kid` is ignored.
        key_id = None if header.algorithm in SYMMETRIC else header.key_id
        candidates = self._candidates.get((header.algorithm, key_id), _NO_KEYS)
        for key in candidates or self._without_id.get(header.algorithm, _NO_KEYS):
            if key.verifies(token):
                return
        raise InvalidToken(Reason.BAD_SIGNATURE if candidates else Reason.UNKNOWN_KEY)

    def _affordable(self, keys: Iterable[Key]) -> tuple[Key, ...]:
        """Return the first keys whose costs add up to at most `max_work`, and at least one."""
        work = 0.0
        affordable: list[Key] = []
        for key in keys:
            work += key.cost
            if affordable and work > self.max_work:
                break
            affordable.append(key)
        return tuple(affordable)


def _named(jwk: object) -> str:
    """Return which key of a set this is, escaped and cut to 100 characters."""
    key_id = jwk.get("kid") if isinstance(jwk, dict) else None
    return f" (kid {ascii(key_id)[:_MAX_LOGGED]})" if isinstance(key_id, str) else ""
