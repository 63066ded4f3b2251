"""All exceptions, grouped by who caused the failure, and all reasons that are logged."""

from enum import StrEnum
from typing import ClassVar

__all__ = [
    "ConfigurationError",
    "InsufficientAuthentication",
    "InsufficientScope",
    "InvalidDPoPProof",
    "InvalidRequest",
    "InvalidToken",
    "IssuerUnavailable",
    "MissingCredentials",
    "OAuthGuardError",
    "Reason",
    "RequestRejected",
    "RequestTooLarge",
    "StoreUnavailable",
    "TooManyRequests",
    "UseDPoPNonce",
]


class Reason(StrEnum):
    """The exact reason of a failure, for logs, counters and tests; never sent to the caller."""

    # 401 without an error code: the request has no credentials that we support
    NO_CREDENTIALS = "no_credentials"
    UNSUPPORTED_SCHEME = "unsupported_scheme"

    # 400: the request is malformed, whatever token it carries
    MALFORMED_CREDENTIALS = "malformed_credentials"
    CREDENTIALS_TOO_LONG = "credentials_too_long"
    SEVERAL_CREDENTIALS = "several_credentials"
    HTTPS_REQUIRED = "https_required"
    BODY_TOO_LARGE = "body_too_large"
    AMBIGUOUS_PATH = "ambiguous_path"
    SEVERAL_CERTIFICATES = "several_certificates"
    CERTIFICATE_TOO_LONG = "certificate_too_long"
    MALFORMED_CERTIFICATE = "malformed_certificate"
    CHAIN_WITHOUT_CERTIFICATE = "chain_without_certificate"

    # 401: the token is invalid
    MALFORMED_TOKEN = "malformed_token"  # noqa: S105 - a reason, not a secret
    WRONG_FORMAT = "wrong_format"
    ENCRYPTED_TOKEN = "encrypted_token"  # noqa: S105 - a reason, not a secret
    MALFORMED_HEADER = "malformed_header"
    CRITICAL_HEADER = "critical_header"
    WRONG_TYPE = "wrong_type"
    ALGORITHM_NOT_ALLOWED = "algorithm_not_allowed"
    MALFORMED_CLAIM = "malformed_claim"
    MISSING_CLAIM = "missing_claim"
    UNKNOWN_ISSUER = "unknown_issuer"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_CLIENT = "wrong_client"
    WRONG_CLAIM = "wrong_claim"
    INACTIVE = "inactive"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    ISSUED_IN_FUTURE = "issued_in_future"
    LIFETIME_TOO_LONG = "lifetime_too_long"
    ANOTHER_CALLER = "another_caller"

    # 401: the token is not bound as the request or the guard needs it
    BOUND_TOKEN = "bound_token"  # noqa: S105 - a reason, not a secret
    PROOF_WITHOUT_DPOP = "proof_without_dpop"
    UNBOUND_TOKEN = "unbound_token"  # noqa: S105 - a reason, not a secret
    BINDING_REQUIRED = "binding_required"
    UNKNOWN_CONFIRMATION = "unknown_confirmation"
    WRONG_PROOF_KEY = "wrong_proof_key"
    WRONG_CERTIFICATE = "wrong_certificate"

    # 401: the DPoP proof is rejected
    MISSING_PROOF = "missing_proof"
    SEVERAL_PROOFS = "several_proofs"
    PROOF_TOO_LONG = "proof_too_long"
    MALFORMED_PROOF = "malformed_proof"
    WRONG_PROOF_TYPE = "wrong_proof_type"
    PROOF_ALGORITHM_NOT_ALLOWED = "proof_algorithm_not_allowed"
    PRIVATE_PROOF_KEY = "private_proof_key"
    UNUSABLE_PROOF_KEY = "unusable_proof_key"
    BAD_PROOF_SIGNATURE = "bad_proof_signature"
    MISSING_PROOF_CLAIM = "missing_proof_claim"
    MALFORMED_PROOF_CLAIM = "malformed_proof_claim"
    WRONG_PROOF_METHOD = "wrong_proof_method"
    WRONG_PROOF_URI = "wrong_proof_uri"
    WRONG_TOKEN_HASH = "wrong_token_hash"  # noqa: S105 - a reason, not a secret
    PROOF_TOO_OLD = "proof_too_old"
    PROOF_ISSUED_IN_FUTURE = "proof_issued_in_future"
    REPLAYED_PROOF = "replayed_proof"
    WRONG_NONCE = "wrong_nonce"

    # 401: the token is valid, but its caller must authenticate again or better
    WEAK_AUTHENTICATION = "weak_authentication"
    OLD_AUTHENTICATION = "old_authentication"

    # 429
    TOO_MANY_PROOFS = "too_many_proofs"

    # 403: the token is valid, but does not grant this request
    INSUFFICIENT_SCOPE = "insufficient_scope"
    MISSING_ROLE = "missing_role"
    MISSING_GROUP = "missing_group"
    MISSING_ENTITLEMENT = "missing_entitlement"
    NOT_A_USER = "not_a_user"
    WRONG_ACTOR = "wrong_actor"
    MISSING_DETAILS = "missing_details"
    NO_SUBJECT = "no_subject"  # set subject_from= to the member that names the subject

    # 503: the token could not be validated, through no fault of the caller
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    UNCLEAR_ACTIVE = "unclear_active"
    BAD_RESPONSE = "bad_response"
    WRONG_METADATA = "wrong_metadata"
    NO_USABLE_KEYS = "no_usable_keys"
    BACKING_OFF = "backing_off"
    BUSY = "busy"
    CLIENT_REFUSED = "client_refused"
    TOKEN_NOT_ACCEPTED = "token_not_accepted"  # noqa: S105 - a reason, not a secret
    REPLAY_STORE_UNAVAILABLE = "replay_store_unavailable"


class OAuthGuardError(Exception):
    """Base class of all exceptions that this library raises."""


class ConfigurationError(OAuthGuardError, ValueError):
    """A wrong setting: raised when an object is built; the message says what to write."""


class IssuerUnavailable(OAuthGuardError):  # noqa: N818 - named after a state
    """Not the caller's fault: the token may be valid, but could not be validated (503).

    Args:
        issuer: The configured issuer, or the part that is unavailable: `"replay store"`.
        reason: Why it is unavailable, for the operator.
        retry_after: After how many seconds the caller may try again.
    """

    def __init__(self, issuer: str, reason: Reason, *, retry_after: int = 1) -> None:
        super().__init__(f"{issuer}: {reason}")
        self.issuer = issuer
        self.reason = reason
        self.retry_after = retry_after


class StoreUnavailable(OAuthGuardError):  # noqa: N818 - named after a state
    """The store's fault: it can't be read or written at the moment."""


class RequestRejected(OAuthGuardError):  # noqa: N818 - named after an outcome
    """The caller's fault: the request is rejected. Carries the status, the error code, our reason.

    Raise one of the subclasses; this class itself is sent as an invalid token.

    Attributes:
        status: The HTTP status of the response.
        code: The error code of RFC 6750 §3.1, RFC 9449 §12.2 or RFC 9470 §3; None, and any
            other, is not sent.
        reason: The reason, for the operator; not sent to the caller.
        scope: The scope for the challenge; None where another scope would not help.
    """

    status: ClassVar[int] = 401
    code: ClassVar[str | None] = "invalid_token"
    scope: str | None = None

    def __init__(self, reason: Reason) -> None:
        """Keep the reason; nothing of the request is kept."""
        # No super().__init__(): Exception.__new__ already sets up the exception, and rejections
        # are frequent.
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class MissingCredentials(RequestRejected):
    """The request has no credentials that we support, so no error code is sent (RFC 6750 §3.1)."""

    status = 401
    code = None

    def __init__(self, reason: Reason = Reason.NO_CREDENTIALS, *, scope: str | None = None) -> None:
        """Keep the scope that a token for this route needs, or None if it needs none."""
        self.reason = reason
        self.scope = scope


class InvalidRequest(RequestRejected):
    """The request is malformed, whatever token it carries (RFC 6750 §3.1)."""

    status = 400
    code = "invalid_request"


class InsecureRequest(InvalidRequest):
    """The request did not come over TLS, as far as the server knows (RFC 6750 §5.3)."""

    def __init__(self, reason: Reason = Reason.HTTPS_REQUIRED) -> None:
        """Keep the reason."""
        self.reason = reason


class RequestTooLarge(InvalidRequest):
    """The form body that may carry the token exceeds the limit and was not read to its end."""

    status = 413


class InvalidToken(RequestRejected):
    """The token is expired, revoked, malformed, or not for this resource (RFC 6750 §3.1)."""

    status = 401
    code = "invalid_token"

    def __init__(self, reason: Reason = Reason.WRONG_CLAIM) -> None:
        """Keep the reason; the default is for an operator's own function that rejects a claim."""
        self.reason = reason


class InsufficientScope(RequestRejected):
    """The token is valid, but the route requires more than it grants (RFC 6750 §3.1)."""

    status = 403
    code = "insufficient_scope"

    def __init__(
        self, reason: Reason = Reason.INSUFFICIENT_SCOPE, *, scope: str | None = None
    ) -> None:
        """Keep the scope that the route requires, or None where more scope would not help."""
        self.reason = reason
        self.scope = scope


class InvalidDPoPProof(RequestRejected):
    """The DPoP proof is missing, malformed, not for this request, or was used (RFC 9449 §7.1)."""

    status = 401
    code = "invalid_dpop_proof"


class UseDPoPNonce(InvalidDPoPProof):
    """The DPoP proof has no valid nonce of this resource (RFC 9449 §9).

    Attributes:
        nonce: The nonce to try again with.
    """

    code = "use_dpop_nonce"

    def __init__(self, reason: Reason = Reason.WRONG_NONCE, *, nonce: str = "") -> None:
        """Keep the nonce that the next proof must contain."""
        self.reason = reason
        self.nonce = nonce


class InsufficientAuthentication(RequestRejected):
    """The caller must authenticate again, or by another method (RFC 9470 §3).

    Attributes:
        acr_values: The accepted authentication contexts, separated by spaces; None if any is.
        max_age: How long ago the authentication may be, in seconds; None if it does not matter.
    """

    status = 401
    code = "insufficient_user_authentication"

    def __init__(
        self,
        reason: Reason = Reason.WEAK_AUTHENTICATION,
        *,
        acr_values: str | None = None,
        max_age: int | None = None,
        scope: str | None = None,
    ) -> None:
        """Keep what the challenge names; *scope* only if the token lacks it too."""
        self.reason = reason
        self.acr_values = acr_values
        self.max_age = max_age
        self.scope = scope


class TooManyRequests(RequestRejected):
    """The proofs of one key that have not expired are too many for a further one (429)."""

    status = 429
    code = None
