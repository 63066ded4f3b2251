"""Step and TraceEntry: the steps of the guard's path, and what happened in one."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from oauth_guard.errors import Reason

__all__ = ["LABELS", "STEPS", "TRACE", "Step", "TraceEntry", "step_of"]

TRACE = "oauth_guard.trace"
"""The key of the ASGI connection at which a `Trace` of the request may be."""


class Step(StrEnum):
    """A step of the path from a request to a decision, in the order of the path.

    An issuer with keys checks the claims before it verifies the signature, so a token that is
    rejected anyway causes no fetch: then `CLAIMS` rejects it, and `TOKEN` is not reached.
    """

    CREDENTIALS = "credentials"
    CACHE = "cache"
    ISSUER = "issuer"
    TOKEN = "token"  # noqa: S105 - a step, not a secret
    CLAIMS = "claims"
    POSSESSION = "possession"
    MOMENT = "moment"
    REQUIREMENT = "requirement"


STEPS = tuple(Step)
"""All steps, in the order of the path."""

LABELS: Mapping[Step, str] = {
    Step.CREDENTIALS: "Read the credentials",
    Step.CACHE: "Look in the identity cache",
    Step.ISSUER: "Read the token, and choose its issuer",
    Step.TOKEN: "Validate the token at its issuer",
    Step.CLAIMS: "Check the claims",
    Step.POSSESSION: "Check the proof of possession",
    Step.MOMENT: "Check revocation",
    Step.REQUIREMENT: "Check what the route requires",
}
"""What each step does, for people."""


class TraceEntry(NamedTuple):
    """One step that the path of a request has taken.

    Attributes:
        step: The step.
        expected: What the guard expected there, in words; empty if that needs no words.
        found: What it found.
        seconds: How long it took, with what came before it since the last entry.
        reason: Why the step rejected the request; None if the request passed it.
    """

    step: Step
    expected: str
    found: str
    seconds: float
    reason: str | None = None


_REASONS: Mapping[Step, str] = {
    Step.CREDENTIALS: """
        no_credentials unsupported_scheme malformed_credentials credentials_too_long
        several_credentials https_required body_too_large ambiguous_path wrong_origin
        no_connection_init""",
    Step.ISSUER: "malformed_token encrypted_token malformed_header critical_header unknown_issuer",
    Step.TOKEN: """
        wrong_format wrong_type algorithm_not_allowed unknown_key bad_signature inactive not_local
        another_caller unreachable timed_out unclear_active bad_response wrong_metadata
        no_usable_keys backing_off busy client_refused token_not_accepted""",
    Step.CLAIMS: """
        malformed_claim malformed_details missing_claim wrong_audience wrong_client wrong_claim
        expired not_yet_valid issued_in_future lifetime_too_long claims_changed""",
    Step.POSSESSION: """
        several_certificates certificate_too_long malformed_certificate chain_without_certificate
        bound_token proof_without_dpop unbound_token binding_required unknown_confirmation
        wrong_proof_key wrong_certificate missing_proof several_proofs proof_too_long
        malformed_proof wrong_proof_type proof_algorithm_not_allowed private_proof_key
        unusable_proof_key bad_proof_signature missing_proof_claim malformed_proof_claim
        wrong_proof_method wrong_proof_uri wrong_token_hash proof_too_old proof_issued_in_future
        replayed_proof wrong_nonce too_many_proofs replay_store_unavailable""",
    Step.MOMENT: "revoked revocations_unknown",
    Step.REQUIREMENT: """
        weak_authentication old_authentication insufficient_scope missing_role missing_group
        missing_entitlement not_a_user wrong_actor missing_details no_rule no_subject
        policy_denied policy_obligation policy_function malformed_message header_mismatch
        replayed_logout exchange_refused exchange_denied""",
}
_BY_REASON: Mapping[object, Step] = {
    Reason(name): step for step, names in _REASONS.items() for name in names.split()
}


def step_of(reason: object) -> Step:
    """Return the step that rejects a request with *reason*.

    The last step has the reasons of what runs after the path, such as a policy, a message of MCP
    or a token exchange in a route, and those that a function of the operator's has made up.
    """
    return _BY_REASON.get(reason, Step.REQUIREMENT)
