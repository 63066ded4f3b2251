"""All exceptions, grouped by who caused the failure, and all reasons that are logged."""

from enum import StrEnum
from typing import ClassVar

__all__ = [
    "ConfigurationError",
    "InsufficientScope",
    "InvalidRequest",
    "InvalidToken",
    "IssuerUnavailable",
    "MissingCredentials",
    "OAuthGuardError",
    "Reason",
    "RequestRejected",
    "RequestTooLarge",
    "StoreUnavailable",
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
    BOUND_TOKEN = "bound_token"  # noqa: S105 - a reason, not a secret
    ANOTHER_CALLER = "another_caller"

    # 403: the token is valid, but does not grant this request
    INSUFFICIENT_SCOPE = "insufficient_scope"
    MISSING_ROLE = "missing_role"
    MISSING_GROUP = "missing_group"
    MISSING_ENTITLEMENT = "missing_entitlement"
    NOT_A_USER = "not_a_user"

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


class OAuthGuardError(Exception):
    """Base class of all exceptions that this library raises."""


class ConfigurationError(OAuthGuardError, ValueError):
    """A wrong setting: raised when an object is built; the message says what to write."""


class IssuerUnavailable(OAuthGuardError):  # noqa: N818 - named after a state
    """The issuer's fault: the token may be valid, but could not be validated (503).

    Args:
        issuer: The configured issuer.
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
        code: The error code of RFC 6750 §3.1; None, and any other than its three, is not sent.
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
