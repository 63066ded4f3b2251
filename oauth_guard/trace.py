"""Trace: what the guard expected and found in each step of the path of one request."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple, TypeAlias, TypedDict

from oauth_guard.errors import IssuerUnavailable, RequestRejected
from oauth_guard.interfaces import Clock
from oauth_guard.protocol.mismatch import listed, shown
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.requirement import Requirement
from oauth_guard.protocol.requirement_text import describe
from oauth_guard.protocol.steps import LABELS, STEPS, TRACE, Step, TraceEntry, step_of

__all__ = [
    "LABELS",
    "STEPS",
    "TRACE",
    "Outcome",
    "Step",
    "StepOutcome",
    "Trace",
    "TraceEntry",
    "Tracer",
    "step_of",
    "trace_rejection",
    "tracer",
]

_CACHED = {Step.ISSUER, Step.TOKEN, Step.CLAIMS}
_ALWAYS = {Step.CREDENTIALS, Step.CACHE, *_CACHED}  # unless the token is cached
_HIT = "cached"
_MAX_ENTRIES = 100  # an open connection validates its token again and again

Outcome: TypeAlias = Literal["passed", "rejected", "not needed", "not reached"]
"""What became of a step."""


class StepOutcome(NamedTuple):
    """What became of one step of a request; the other members are those of `TraceEntry`."""

    step: Step
    outcome: Outcome
    expected: str = ""
    found: str = ""
    seconds: float = 0.0
    reason: str | None = None


class Trace(list[TraceEntry]):
    """The steps of one request, to which the path appends as it goes.

    It has no token and no value of a claim, except for `iss`, `aud` and `typ`: see `mismatch`. A
    guard with `debug=True` or `trace=True` appends to it if it is the `trace` of the
    `ResourceRequest`, or if the ASGI connection has it at `TRACE`. It ends after 100 entries.

    Args:
        clock: Returns monotonic seconds.
    """

    def __init__(self, clock: Clock = time.perf_counter) -> None:
        super().__init__()
        self._clock, self._last = clock, clock()

    def passed(self, step: Step, found: str = "", expected: str = "") -> None:
        """Append that the request has passed *step*."""
        self._append(step, expected, found)

    def read(self, scheme: str | None, *, cached: bool) -> None:
        """Append that the credentials were read, and whether the token was in the cache."""
        self._append(Step.CREDENTIALS, "", scheme or "")
        self._append(Step.CACHE, "", _HIT if cached else "not cached")

    def claims(self, audience: Iterable[str], found: tuple[str, ...]) -> None:
        """Append that the claims are right; *found* is the `aud` of the token."""
        self._append(Step.CLAIMS, f"aud {listed(audience)}", f"aud {shown(found)}")

    def authorized(self, requirement: Requirement) -> None:
        """Append that the caller satisfies *requirement*."""
        self._append(Step.REQUIREMENT, describe(requirement), "")

    def rejected(self, error: RequestRejected | IssuerUnavailable) -> None:
        """Append that the step of *error* has rejected the request.

        An outage after the token was validated is one of a later step, whatever its reason: of a
        status list, or of what the route requires.
        """
        step, taken = step_of(error.reason), {entry.step for entry in self}
        if step is Step.TOKEN and (Step.TOKEN in taken or self._is_cached):
            step = Step.REQUIREMENT if Step.MOMENT in taken else Step.MOMENT
        expected, found = _of_detail(error.detail)
        self._append(step, expected, found, str(error.reason))

    def outcomes(self) -> list[StepOutcome]:
        """Return what became of each of `STEPS`; of a step that was taken twice, the last time."""
        last = {entry.step: entry for entry in self}
        refused = next((entry.step for entry in self if entry.reason is not None), None)
        return [
            StepOutcome(step, self._absent(step, refused))
            if (entry := last.get(step)) is None
            else StepOutcome(step, "rejected" if entry.reason else "passed", *entry[1:])
            for step in STEPS
        ]

    def _absent(self, step: Step, refused: Step | None) -> Outcome:
        """Return whether a step without an entry was not needed, or not reached."""
        if refused is None or (step in _CACHED and self._is_cached):
            return "not needed"
        is_before = STEPS.index(step) < STEPS.index(refused)
        return "not needed" if is_before and step not in _ALWAYS else "not reached"

    @property
    def _is_cached(self) -> bool:
        return any(entry.step is Step.CACHE and entry.found == _HIT for entry in self)

    def _append(self, step: Step, expected: str, found: str, reason: str | None = None) -> None:
        now = self._clock()
        if len(self) < _MAX_ENTRIES:
            self.append(TraceEntry(step, expected, found, now - self._last, reason))
        self._last = now


Tracer: TypeAlias = Callable[[ResourceRequest], Trace | None]
"""Returns the trace of a request; None if it is not traced."""


class _Settings(TypedDict, total=False):
    debug: bool
    trace: bool


def tracer(settings: _Settings) -> Tracer | None:
    """Return what finds the trace of a request, for a guard with these settings.

    None without `debug=` and `trace=`: then requests are not traced.
    """
    if settings.get("debug", False):
        return _given_or_new
    return _given if settings.get("trace", False) else None


def trace_rejection(
    error: RequestRejected | IssuerUnavailable,
    request: ResourceRequest | None,
    tracer: Tracer | None,
) -> Trace | None:
    """Append *error* to the trace of *request*, and return the trace; None if there is none."""
    if request is None or tracer is None:
        return None
    if (trace := tracer(request)) is not None:
        trace.rejected(error)
    return trace


def _given(request: ResourceRequest) -> Trace | None:
    """Return the trace of *request*, or else of its connection; None if there is none."""
    if request.trace is None and isinstance(given := request.given_trace, Trace):
        request.trace = given
    trace: Trace | None = request.trace
    return trace


def _given_or_new(request: ResourceRequest) -> Trace:
    """Return the trace of *request* or of its connection, or else a new one."""
    trace = _given(request)
    if trace is None:
        trace = request.trace = Trace()
    return trace


def _of_detail(detail: Mapping[str, str]) -> tuple[str, str]:
    """Return what the detail of an error says was expected, and what was found."""
    expected = [detail[name] for name in ("expected", "required") if name in detail]
    rest = {name: text for name, text in detail.items() if name not in {"expected", "required"}}
    found = [text if name == "found" else f"{name} {text}" for name, text in rest.items()]
    return ", ".join(expected), ", ".join(found)
