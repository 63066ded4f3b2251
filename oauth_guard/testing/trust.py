"""trusting(): a guard that is already built trusts a local issuer, without network."""

# ruff: noqa: SLF001 - replaces parts of a guard, so that no code of the guard knows of tests

import copy
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from oauth_guard.errors import ConfigurationError
from oauth_guard.guard import Guard
from oauth_guard.interfaces import Clock, Issuer
from oauth_guard.issuers.policy_check import PolicyCheck
from oauth_guard.issuers.policy_decision_point import PolicyDecisionPoint
from oauth_guard.issuers.router import IssuerRouter
from oauth_guard.protocol.requirement import Requirement
from oauth_guard.testing.decision_point import LocalDecisionPoint
from oauth_guard.testing.issuer import LocalIssuer
from oauth_guard.testing.local_issuers import local_issuers

__all__ = ["Trust", "acquire", "is_trusting", "release", "restore_leftovers", "trusting"]

_REPLACED = ("clock", "_issuers", "_cache", "_validation", "_policies", "_lifecycle")
_POLICY = Requirement(policy="any")
_CALL_PHASE = "(call)"


@dataclass
class Trust:
    """A local issuer that a guard trusts, and the parts of the guard to put back.

    Attributes:
        issuer: The local issuer.
        audience: The `aud` of tokens for the guard.
        parts: The parts that were replaced, by the name of the attribute.
        users: How many calls of `acquire` have had no `release` yet.
        started_in: The test, with its phase, in which this began.
    """

    issuer: LocalIssuer
    audience: str
    parts: dict[str, Any]
    users: int
    started_in: str


_trusts: dict[Guard, Trust] = {}


@contextmanager
def trusting(
    guard: Guard, issuer: LocalIssuer | None = None, *, policies: LocalDecisionPoint | None = None
) -> Iterator[LocalIssuer]:
    """Let *guard*, and so the application that carries it, trust *issuer* inside the `with`.

    ::

        with trusting(guard, oauth_issuer) as issuer:
            response = client.get("/orders", headers=issuer.headers("orders:read"))

    The settings of the guard stay in force: audience, claims, types, bindings. Replaced are the
    keys and endpoints of its issuer, its caches, its clock (by that of *issuer*), its store and
    its policy decision point. Tokens of the guard's other issuers are rejected, and nothing is
    sent over a network, except by a replay store for DPoP proofs, which stays.

    Args:
        guard: The guard, alone or inside an application.
        issuer: The local issuer. If the guard does not trust its name, and trusts one name only,
            the issuer takes that name. By default a new one.
        policies: Decides about `requires(policy=...)`. By default each policy denies.

    Raises:
        ConfigurationError: The guard already trusts a local issuer; or it trusts several names
            and *issuer* has none of them; or there are *policies*, and it has no decision point.
    """
    if guard in _trusts:
        raise ConfigurationError(
            f"{guard!r} already trusts a local issuer, since {_trusts[guard].started_in}: leave "
            "that `with trusting(...)` first, or use its issuer."
        )
    if policies is not None:
        guard.check_can_decide(_POLICY)
    trust = acquire(guard, issuer, policies)
    try:
        yield trust.issuer
    finally:
        release(guard)


def is_trusting(guard: Guard) -> bool:
    """Return whether *guard* trusts a local issuer now."""
    return guard in _trusts


def acquire(
    guard: Guard, issuer: LocalIssuer | None = None, policies: LocalDecisionPoint | None = None
) -> Trust:
    """Return what *guard* trusts until the `release` that belongs to this call.

    That is *issuer*, or a new one, unless the guard trusts a local issuer already.

    Raises:
        ConfigurationError: See `trusting`.
    """
    if guard not in _trusts:
        issuer = issuer or LocalIssuer()
        issuers = local_issuers(guard, issuer)
        started_in = os.environ.get("PYTEST_CURRENT_TEST", "before the first test")
        parts = {name: getattr(guard, name) for name in _REPLACED}
        _trusts[guard] = Trust(issuer, issuer.audience, parts, 0, started_in)
        _replace(guard, issuer.clock, issuers, policies or LocalDecisionPoint())
    _trusts[guard].users += 1
    return _trusts[guard]


def release(guard: Guard) -> None:
    """End one use of the local issuer; after the last one, the guard is as it was before."""
    trust = _trusts.get(guard)
    if trust is None:  # `restore_leftovers` was faster
        return
    trust.users -= 1
    if trust.users == 0:
        _restore(guard)


def restore_leftovers() -> list[str]:
    """Put back the parts of guards that trust a local issuer since the body of an earlier test.

    Returns:
        A sentence for each such guard. A fixture may last longer than one test, so what a fixture
        started is left as it is.
    """
    leftovers = {g: t for g, t in _trusts.items() if t.started_in.endswith(_CALL_PHASE)}
    for guard in leftovers:
        _restore(guard)
    return [
        f"{guard!r} still trusted the local issuer of {trust.started_in.removesuffix(_CALL_PHASE)}"
        "when that test had ended: write `with trusting(guard, issuer):` there."
        for guard, trust in leftovers.items()
    ]


def _replace(
    guard: Guard, clock: Clock, issuers: list[Issuer], policies: LocalDecisionPoint
) -> None:
    router = IssuerRouter(issuers, share_tokens=True, clock=clock, monotonic=clock)
    lifecycle = copy.copy(guard._lifecycle)
    lifecycle._issuers, lifecycle._store = router, None
    checked = _local_policies(guard._policies, policies, clock)
    lifecycle._parts = [checked if p is guard._policies else p for p in lifecycle._parts]
    validation, cache = copy.copy(guard._validation), type(guard._cache)()
    validation._issuers, validation._cache, validation._clock = router, cache, clock
    guard.clock, guard._issuers, guard._cache = clock, router, cache
    guard._validation, guard._policies, guard._lifecycle = validation, checked, lifecycle


def _local_policies(check: PolicyCheck, local: LocalDecisionPoint, clock: Clock) -> PolicyCheck:
    """Return *check* with a decision point of the same settings that sends to *local*."""
    made, point = copy.copy(check), check._point
    if point is not None:
        made._point = PolicyDecisionPoint(
            point.url,
            map_evaluation=point._map,
            cache_for=point._cache_for,
            http=local.http,
            insecure_http=True,
            clock=clock,
            monotonic=clock,
        )
    return made


def _restore(guard: Guard) -> None:
    for name, part in _trusts.pop(guard).parts.items():
        setattr(guard, name, part)
