"""KeySet: which keys may verify a token, and whether one does (RFC 7517 §5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.algorithms import SYMMETRIC
from oauth_guard.jose.jwk import Key, import_key
from oauth_guard.jose.jws import JWS

__all__ = ["KeySet"]

_MAX_KEYS = 100
_MAX_TRIED = 5


@dataclass(frozen=True, slots=True, repr=False)
class KeySet:
    """The usable keys of one issuer; a set that an issuer changes is a new `KeySet`.

    Attributes:
        keys: The keys that may verify signatures, in the document's order.
        skipped: Why the other keys of the document were skipped, one text for each.
    """

    keys: tuple[Key, ...]
    skipped: tuple[str, ...] = ()
    _fitting: Mapping[tuple[str, str | None], list[Key]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Work out once which keys fit an algorithm, with a name and without."""
        fitting: dict[tuple[str, str | None], list[Key]] = {}
        for key in self.keys:
            for algorithm in key.algorithms:
                for key_id in {None, key.key_id}:
                    fitting.setdefault((algorithm, key_id), []).append(key)
        tried = {choice: keys[:_MAX_TRIED] for choice, keys in fitting.items()}
        object.__setattr__(self, "_fitting", tried)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read a JWK set; a key that is merely odd is skipped (RFC 7517 §5).

        Raises:
            ValueError: `keys` is not an array, or holds more than 100.
        """
        jwks = document.get("keys")
        if not isinstance(jwks, list) or len(jwks) > _MAX_KEYS:
            raise ValueError("a key set has an array `keys` of at most 100")
        keys: list[Key] = []
        skipped: list[str] = []
        for jwk in jwks:
            try:
                keys.append(import_key(jwk if isinstance(jwk, dict) else {}))
            except ValueError as error:
                skipped.append(str(error))
        return cls(tuple(keys), tuple(skipped))

    def verify(self, token: JWS) -> None:
        """Hold *token* to the keys that its header allows: a few at most, so work is bounded.

        Raises:
            InvalidToken: No key fits the header, or none that fits made the signature.
        """
        header = token.header
        # A shared secret has no name of its own, whatever the issuer calls it.
        key_id = None if header.algorithm in SYMMETRIC else header.key_id
        fitting = self._fitting.get((header.algorithm, key_id), ())
        for key in fitting:
            if key.verifies(token):
                return
        raise InvalidToken(Reason.BAD_SIGNATURE if fitting else Reason.UNKNOWN_KEY)
