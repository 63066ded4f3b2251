"""KeySet: the keys of one issuer, and signature verification with them (RFC 7517 §5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.algorithms import SYMMETRIC
from oauth_guard.jose.jwk import Key, import_key
from oauth_guard.jose.jws import JWS

__all__ = ["KeySet"]

_MAX_KEYS = 100
_MAX_CANDIDATES = 5


@dataclass(frozen=True, slots=True, repr=False)
class KeySet:
    """The usable keys of one issuer. When the issuer changes its keys, a new `KeySet` is built.

    Attributes:
        keys: The keys that may verify signatures, in the order of the document.
        skipped: Why the other keys of the document were skipped, one text for each.
    """

    keys: tuple[Key, ...]
    skipped: tuple[str, ...] = ()
    _candidates: Mapping[tuple[str, str | None], list[Key]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Index the candidate keys by algorithm and `kid`, and by algorithm alone."""
        index: dict[tuple[str, str | None], list[Key]] = {}
        for key in self.keys:
            for algorithm in key.algorithms:
                for key_id in {None, key.key_id}:
                    index.setdefault((algorithm, key_id), []).append(key)
        candidates = {entry: keys[:_MAX_CANDIDATES] for entry, keys in index.items()}
        object.__setattr__(self, "_candidates", candidates)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read a JWK Set, and skip the keys that can't be used (RFC 7517 §5).

        Raises:
            ValueError: `keys` is not an array, or has more than 100 elements.
        """
        jwks = document.get("keys")
        if not isinstance(jwks, list) or len(jwks) > _MAX_KEYS:
            raise ValueError(f"a key set has an array `keys` of at most {_MAX_KEYS}")
        keys: list[Key] = []
        skipped: list[str] = []
        for jwk in jwks:
            try:
                keys.append(import_key(jwk if isinstance(jwk, dict) else {}))
            except ValueError as error:
                skipped.append(str(error))
        return cls(tuple(keys), tuple(skipped))

    def verify(self, token: JWS) -> None:
        """Verify the signature of *token* with the keys that match its `alg` and `kid`.

        At most 5 keys are tried, so the work for one token is bounded. A token without `kid` is
        tried with every key of its algorithm. Claims are not checked.

        Raises:
            InvalidToken: No key matches the header (`UNKNOWN_KEY`), or no matching key verifies
                the signature (`BAD_SIGNATURE`).
        """
        header = token.header
        # The secret of an issuer is imported without `kid`, so the token's `kid` is ignored.
        key_id = None if header.algorithm in SYMMETRIC else header.key_id
        candidates = self._candidates.get((header.algorithm, key_id), ())
        for key in candidates:
            if key.verifies(token):
                return
        raise InvalidToken(Reason.BAD_SIGNATURE if candidates else Reason.UNKNOWN_KEY)
