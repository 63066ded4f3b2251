"""The steps of the guard on the pages of the demo, read from the trace of the library."""

from demo_api.decisions import steps_of
from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.trace import LABELS, Step, Trace


def _trace(*steps: Step) -> Trace:
    trace = Trace(lambda: 0.0)
    trace.read("Bearer", cached=False)
    for step in steps:
        trace.passed(step)
    return trace


def test_request_without_a_trace_has_no_steps() -> None:
    """Such as one for a public path."""
    assert steps_of(Trace()) == []


def test_steps_after_a_refusal_are_not_reached() -> None:
    """The refused step says why, and what was expected and found."""
    trace = _trace(Step.ISSUER, Step.TOKEN, Step.CLAIMS)
    trace.rejected(InvalidToken(Reason.BOUND_TOKEN).about(expected="a proof", found="none"))
    steps = steps_of(trace)
    assert [each["name"] for each in steps] == list(LABELS.values())
    states = [each["state"] for each in steps]
    assert states == ["passed"] * 5 + ["refused here"] + ["not reached"] * 2
    assert steps[5]["note"].startswith("bound_token: ")
    assert steps[5]["note"].endswith("Expected a proof. Found none.")


def test_authenticated_request_shows_what_was_found_and_how_long_it_took() -> None:
    """A step that was not needed has no note."""
    steps = steps_of(_trace(Step.MOMENT))
    assert steps[0] == {
        "name": "Read the credentials",
        "state": "passed",
        "note": "Found Bearer. Took 0 µs.",
    }
    assert steps[-1]["state"] == "not needed"
    assert steps[-1]["note"] == ""


def test_reason_of_the_operators_own_has_no_meaning_in_the_library() -> None:
    """It is shown as it is."""
    trace = Trace()
    trace.rejected(InvalidToken("made up"))  # type: ignore[arg-type] # a function of the operator's
    assert steps_of(trace)[-1]["note"] == "made up: a reason of the API itself."
