"""The steps of the guard: each reason belongs to one, and the steps after a refusal are open."""

import pytest

from demo_api.decisions import (
    ALLOW,
    OPEN,
    PASSED,
    PROVE,
    READ,
    REFUSED,
    STEPS,
    VALIDATE,
    WANT,
    collecting,
    observe,
    step_of,
    steps_of,
)
from oauth_guard.explanations import EXPLANATIONS
from oauth_guard.protocol.events import Decision
from oauth_guard.reasons import Reason

AUTHENTICATED = Decision("https://api.test", "authenticated", cached=True, seconds=0.0002)


@pytest.mark.parametrize(
    ("reason", "step"),
    [
        (Reason.NO_CREDENTIALS, READ),
        (Reason.WRONG_ORIGIN, READ),
        (Reason.EXPIRED, VALIDATE),
        (Reason.UNREACHABLE, VALIDATE),
        (Reason.BOUND_TOKEN, PROVE),
        (Reason.REPLAYED_PROOF, PROVE),
        (Reason.TOO_MANY_PROOFS, PROVE),
        (Reason.REVOKED, WANT),
        (Reason.REVOCATIONS_UNKNOWN, WANT),
        (Reason.OLD_AUTHENTICATION, ALLOW),
        (Reason.INSUFFICIENT_SCOPE, ALLOW),
        (Reason.NO_RULE, ALLOW),
        (None, ALLOW),
    ],
)
def test_reason_belongs_to_a_step(reason: Reason | None, step: str) -> None:
    """A reason that the operator made up comes from a check of the route."""
    assert step_of(reason) == step


def test_each_reason_with_400_is_a_matter_of_reading() -> None:
    """So is none with 503."""
    for reason, each in EXPLANATIONS.items():
        assert (step_of(reason) == READ) == (
            each.status in {400, 413}
            or reason in {Reason.NO_CREDENTIALS, Reason.UNSUPPORTED_SCHEME, Reason.WRONG_ORIGIN}
        ), reason


def test_steps_after_a_refusal_are_not_reached() -> None:
    """The refused step says why, and what was expected and found."""
    refusal = Decision("https://api.test", "rejected", Reason.BOUND_TOKEN, 401, seconds=0.0001)
    steps = steps_of([refusal], "expected a proof, found none")
    assert [each["state"] for each in steps] == [PASSED, PASSED, REFUSED, OPEN, OPEN]
    assert steps[2]["note"].startswith("bound_token: ")
    assert steps[2]["note"].endswith("Expected a proof, found none.")


def test_authenticated_request_passes_each_step() -> None:
    """The first step says how long the guard took, the second that the cache was used."""
    steps = steps_of([AUTHENTICATED])
    assert [each["name"] for each in steps] == list(STEPS)
    assert {each["state"] for each in steps} == {PASSED}
    assert steps[0]["note"] == "The guard took 200 µs."
    assert "in the cache" in steps[1]["note"]
    hit = AUTHENTICATED._replace(seconds=None)  # no time is read for a cache hit
    assert steps_of([hit])[0]["note"] == ""


def test_decisions_are_collected_for_one_request_only() -> None:
    """Outside of it they are ignored, and a request without a decision has no steps."""
    observe(AUTHENTICATED)
    with collecting() as found:
        observe(AUTHENTICATED)
    observe(AUTHENTICATED)
    assert found == [AUTHENTICATED]
    assert steps_of([]) == []
