"""Decisions: what the guard decided about the request that is being handled, step by step."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from oauth_guard.explanations import EXPLANATIONS
from oauth_guard.protocol.events import Decision
from oauth_guard.reasons import Reason

READ, VALIDATE, PROVE, WANT, ALLOW = STEPS = (
    "Read the credentials",
    "Validate the token",
    "Check who may use it",
    "Check that it is not revoked",
    "Check what the route requires",
)
PASSED, REFUSED, OPEN = "passed", "refused here", "not reached"

_collected: ContextVar[list[Decision] | None] = ContextVar("collected", default=None)


def observe(decision: Decision) -> None:
    """Receive a decision from the guard."""
    found = _collected.get()
    if found is not None:
        found.append(decision)


@contextmanager
def collecting() -> Iterator[list[Decision]]:
    """Yield a list that receives the decisions about the request that is handled inside."""
    found: list[Decision] = []
    token = _collected.set(found)
    try:
        yield found
    finally:
        _collected.reset(token)


def steps_of(decisions: Sequence[Decision], detail: str = "") -> list[dict[str, str]]:
    """Return the steps of the guard with what happened in each; none if it decided nothing.

    *detail* is what the guard expected and found, as the response says it in debug mode.
    """
    if not decisions:
        return []
    cached = next((each.cached for each in decisions if each.cached is not None), None)
    seconds = sum(each.seconds or 0 for each in decisions)
    # No time is measured where no token and no proof was validated, as for a cache hit.
    notes = {READ: f"The guard took {seconds * 1_000_000:.0f} µs."} if seconds else {}
    if cached is not None:
        notes[VALIDATE] = (
            "Its identity was in the cache."
            if cached
            else "It was not in the cache: validated now."
        )
    refusal = next((each for each in decisions if each.outcome == "rejected"), None)
    if refusal is None:
        return [_step(name, PASSED, notes.get(name, "")) for name in STEPS]
    at = STEPS.index(step_of(refusal.reason))
    notes[STEPS[at]] = " ".join(filter(None, (notes.get(STEPS[at]), _why(refusal, detail))))
    states = [PASSED if number < at else OPEN for number in range(len(STEPS))]
    states[at] = REFUSED
    return [
        _step(name, state, notes.get(name, "")) for name, state in zip(STEPS, states, strict=True)
    ]


def step_of(reason: Reason | None) -> str:
    """Return the step that rejects with *reason*."""
    if reason is None:
        return ALLOW
    number = _ORDER[reason]
    if reason in {Reason.REVOKED, Reason.REVOCATIONS_UNKNOWN}:
        return WANT
    if number <= _ORDER[Reason.WRONG_ORIGIN]:
        return READ
    if number <= _ORDER[Reason.ANOTHER_CALLER]:
        return VALIDATE
    if number <= _ORDER[Reason.WRONG_NONCE] or reason in _PROOFS:
        return PROVE
    return ALLOW if EXPLANATIONS[reason].status in {401, 403} else VALIDATE


_ORDER = {reason: number for number, reason in enumerate(Reason)}
_PROOFS = {Reason.TOO_MANY_PROOFS, Reason.REPLAY_STORE_UNAVAILABLE}


def _why(refusal: Decision, detail: str) -> str:
    if refusal.reason is None:
        return detail
    meaning = EXPLANATIONS[refusal.reason].meaning
    found = f" {detail[:1].upper()}{detail[1:]}." if detail else ""
    return f"{refusal.reason}: {meaning}.{found}"


def _step(name: str, state: str, note: str) -> dict[str, Any]:
    return {"name": name, "state": state, "note": note}
