"""Step: each reason belongs to one step of the path."""

import pytest

from oauth_guard.explanations import EXPLANATIONS
from oauth_guard.protocol.steps import _REASONS, LABELS, STEPS, Step, step_of
from oauth_guard.reasons import Reason


def test_each_reason_belongs_to_one_step() -> None:
    """None to two, and none to no step."""
    listed = [name for names in _REASONS.values() for name in names.split()]
    assert sorted(listed) == sorted(Reason)


def test_each_step_has_a_label() -> None:
    """In the order of the path."""
    assert tuple(LABELS) == STEPS == tuple(Step)


@pytest.mark.parametrize(
    ("reason", "step"),
    [
        (Reason.NO_CREDENTIALS, Step.CREDENTIALS),
        (Reason.WRONG_ORIGIN, Step.CREDENTIALS),
        (Reason.MALFORMED_TOKEN, Step.ISSUER),
        (Reason.UNKNOWN_ISSUER, Step.ISSUER),
        (Reason.BAD_SIGNATURE, Step.TOKEN),
        (Reason.INACTIVE, Step.TOKEN),
        (Reason.UNREACHABLE, Step.TOKEN),
        (Reason.EXPIRED, Step.CLAIMS),
        (Reason.WRONG_AUDIENCE, Step.CLAIMS),
        (Reason.BOUND_TOKEN, Step.POSSESSION),
        (Reason.REPLAYED_PROOF, Step.POSSESSION),
        (Reason.MALFORMED_CERTIFICATE, Step.POSSESSION),
        (Reason.TOO_MANY_PROOFS, Step.POSSESSION),
        (Reason.REVOKED, Step.MOMENT),
        (Reason.REVOCATIONS_UNKNOWN, Step.MOMENT),
        (Reason.OLD_AUTHENTICATION, Step.REQUIREMENT),
        (Reason.INSUFFICIENT_SCOPE, Step.REQUIREMENT),
        (Reason.NO_RULE, Step.REQUIREMENT),
        (None, Step.REQUIREMENT),
        ("made up", Step.REQUIREMENT),
    ],
)
def test_reason_belongs_to_the_step_that_rejects_with_it(reason: object, step: Step) -> None:
    """A reason of the operator's own counts as one of the last step."""
    assert step_of(reason) is step


def test_reasons_with_status_403_belong_to_the_last_step() -> None:
    """Except for the origin of a page, which is read with the credentials."""
    forbidden = {reason for reason, each in EXPLANATIONS.items() if each.status == 403}
    assert {step_of(reason) for reason in forbidden - {Reason.WRONG_ORIGIN}} == {Step.REQUIREMENT}
