"""steps_of(): what the guard decided about a request, step by step, for the pages of the demo."""

from oauth_guard.explanations import EXPLANATIONS
from oauth_guard.reasons import Reason
from oauth_guard.trace import LABELS, StepOutcome, Trace

__all__ = ["steps_of"]

_MEANINGS = {str(reason): EXPLANATIONS[reason].meaning for reason in Reason}


def steps_of(trace: Trace) -> list[dict[str, str]]:
    """Return the steps of the guard with what happened in each; none if *trace* is empty."""
    outcomes = trace.outcomes() if trace else []
    return [
        {"name": LABELS[each.step], "state": _state(each), "note": _note(each)} for each in outcomes
    ]


def _state(outcome: StepOutcome) -> str:
    return "refused here" if outcome.outcome == "rejected" else outcome.outcome


def _note(outcome: StepOutcome) -> str:
    expected = f"Expected {outcome.expected}." if outcome.expected else ""
    found = f"Found {outcome.found}." if outcome.found else ""
    if outcome.reason is not None:
        why = f"{outcome.reason}: {_MEANINGS.get(outcome.reason, 'a reason of the API itself')}."
        return " ".join(filter(None, (why, expected, found)))
    took = f"Took {outcome.seconds * 1_000_000:.0f} µs." if outcome.outcome == "passed" else ""
    return " ".join(filter(None, (expected, found, took)))
