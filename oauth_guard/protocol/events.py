"""Decision: what the observers of a guard receive about each decision."""

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from oauth_guard.errors import Reason

__all__ = ["METHODS", "OTHER", "Decision", "Observer", "Outcome", "known_method"]

OTHER = "other"
"""Replaces a value that is in no closed set: a method, or the issuer of a tenant."""

Outcome: TypeAlias = Literal["authenticated", "authorized", "rejected"]
"""What a guard decided.

- `authenticated`: the token of a request is valid, and its key is proven.
- `authorized`: its caller satisfies the requirement of a route or of the middleware.
- `rejected`: a request was rejected, before or after one of the other two.
"""

METHODS = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"}
)
"""The standard HTTP methods."""


class Decision(NamedTuple):
    """One decision of a guard; no member contains a token, a claim or a path.

    Attributes:
        resource: The resource of the guard.
        outcome: What was decided.
        reason: Why the request was rejected; None otherwise, and for a reason that an operator's
            own function made up.
        status: The HTTP status of the rejection; None if there is none.
        issuer: The configured name of the issuer of the token, or of the one that can't be
            reached; `"other"` for a tenant; None if it is not known.
        method: The HTTP method; `"other"` if it is not a standard one, None if it is not known.
            A WebSocket handshake is a GET.
        cached: Whether the identity cache had the token; None unless authenticated.
        seconds: How long the guard took to validate the token, or to verify the proof of a cached
            one, and all that followed; None if it did neither, as for a cache hit.
    """

    resource: str
    outcome: Outcome
    reason: Reason | None = None
    status: int | None = None
    issuer: str | None = None
    method: str | None = None
    cached: bool | None = None
    seconds: float | None = None


Observer: TypeAlias = Callable[[Decision], None]
"""Receives each decision, in the event loop; it must return soon, and its result is ignored."""


def known_method(method: str) -> str:
    """Return *method*, or `OTHER` if it is not a standard HTTP method."""
    return method if method in METHODS else OTHER
