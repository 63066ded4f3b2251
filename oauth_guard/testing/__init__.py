"""Test doubles for guarded applications: real signatures, no network, no mock objects."""

from oauth_guard.testing.asgi import LocalWebSocket
from oauth_guard.testing.attack import Attack
from oauth_guard.testing.attacks import attacks
from oauth_guard.testing.certificates import ClientCertificate
from oauth_guard.testing.challenges import (
    Challenge,
    challenge,
    insufficient_scope,
    invalid_request,
    invalid_token,
    missing_token,
    unavailable,
)
from oauth_guard.testing.clock import MovableClock
from oauth_guard.testing.decision_point import LocalDecisionPoint
from oauth_guard.testing.dpop import DPoPKey
from oauth_guard.testing.identities import as_identity
from oauth_guard.testing.issuer import LocalIssuer, SigningKey
from oauth_guard.testing.trust import trusting

__all__ = [
    "Attack",
    "Challenge",
    "ClientCertificate",
    "DPoPKey",
    "LocalDecisionPoint",
    "LocalIssuer",
    "LocalWebSocket",
    "MovableClock",
    "SigningKey",
    "as_identity",
    "attacks",
    "challenge",
    "insufficient_scope",
    "invalid_request",
    "invalid_token",
    "missing_token",
    "trusting",
    "unavailable",
]
