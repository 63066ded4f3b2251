"""accepted_tokens: find two guards that accept each other's tokens, since an audience is shared."""

import logging
from collections.abc import Iterable, Iterator
from weakref import WeakKeyDictionary

from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.protocol.claims import ClaimRules

__all__ = ["accepted_tokens", "accepts_without_audience", "warn_of_shared_audience"]

_log = logging.getLogger("oauth_guard")

_ANY_TENANT = "any tenant"
_WITHOUT_AUDIENCE = "a token without an audience"

_resources: WeakKeyDictionary[object, str] = WeakKeyDictionary()
"""The first resource for which an issuer with `audience=` is used."""


def accepted_tokens(
    issuers: Iterable[Issuer | Tenants], resource: str
) -> frozenset[tuple[str, str]]:
    """Return the tokens that a guard of *resource* accepts: pairs of an issuer and an audience.

    Where an issuer accepts a token without an audience, the second is the client that the token
    was issued to, or the one that introspects. Nothing is known about an issuer of the user's
    own, nor about tenants that are configured one by one.
    """
    return frozenset(pair for issuer in issuers for pair in _pairs(issuer, resource))


def accepts_without_audience(accepted: Iterable[tuple[str, str]]) -> bool:
    """Return whether a token without an audience is in *accepted*, which `accepted_tokens` made."""
    return any(audience.startswith(_WITHOUT_AUDIENCE) for _, audience in accepted)


def warn_of_shared_audience(issuers: Iterable[Issuer | Tenants], resource: str) -> None:
    """Log a warning for each issuer with `audience=` that a guard of another resource uses.

    Two guards in one mapping of prefixes are rejected instead: see `GuardMap`.
    """
    for issuer in issuers:
        rules = _rules(issuer)
        if rules is None or not (rules.audience or rules.audience_optional):
            continue
        other = _resources.setdefault(issuer, resource)
        if other != resource:
            _log.warning(
                "%s and %s use one issuer, %s, whose accepted tokens do not depend on the "
                "resource, so each accepts the tokens of the other: use an issuer for each, "
                "with an audience= of its own",
                *(other, resource, rules.issuer),
            )


def _pairs(issuer: Issuer | Tenants, resource: str) -> Iterator[tuple[str, str]]:
    if isinstance(issuer, Tenants):
        yield from ((_ANY_TENANT, audience) for audience in issuer.audience)
    if (rules := _rules(issuer)) is None:
        return
    yield from ((rules.issuer, audience) for audience in rules.audience or (resource,))
    if rules.audience_optional:
        cache = getattr(issuer, "cache", None)
        clients = rules.clients or (cache.identity[2:3] if cache is not None else ("any",))
        yield from ((rules.issuer, f"{_WITHOUT_AUDIENCE}, client {each}") for each in clients)


def _rules(issuer: object) -> ClaimRules | None:
    cache = getattr(issuer, "cache", None)
    return getattr(issuer, "rules", None) if cache is None else cache.rules
