"""Actor: who acts for the subject of a token (RFC 8693 §4.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from oauth_guard.jose.frozen import FrozenDict

__all__ = ["Actor", "actor_of"]


@dataclass(frozen=True, slots=True, repr=False)
class Actor:
    """The party that acts for the subject of a token. Its `repr` is safe to log.

    Attributes:
        subject: Its `sub`, which is unique within its issuer; None if it has no readable name.
        issuer: Its `iss`; None if it is the issuer of the token.
        claims: All members of its `act` object.
    """

    subject: str | None
    issuer: str | None
    claims: FrozenDict = field(hash=False)

    @property
    def actor(self) -> "Actor | None":
        """The party that acted before this one; only for information, never for a decision."""
        return actor_of(self.claims)

    def __repr__(self) -> str:
        return "<Actor>"


def actor_of(claims: Mapping[str, Any]) -> Actor | None:
    """Return the outermost actor of *claims*, or None; `may_act` names no actor (§4.4).

    A malformed `act` is an actor without a name. `exp`, `nbf` and `aud` inside `act` have no
    meaning and are not checked.
    """
    if "act" not in claims:
        return None
    members = claims["act"] if isinstance(claims["act"], FrozenDict) else FrozenDict()
    return Actor(_text(members.get("sub")), _text(members.get("iss")), members)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
