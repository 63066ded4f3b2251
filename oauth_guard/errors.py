"""Every failure, by whose fault it is, and every reason an operator may be told."""

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
    """Why exactly: for logs, counters and tests. It is never sent to the caller."""

    # 401 without an error code: nobody has tried to authenticate
    NO_CREDENTIALS = "no_credentials"
    UNSUPPORTED_SCHEME = "unsupported_scheme"

    # 400: the request itself is wrong
    MALFORMED_CREDENTIALS = "malformed_credentials"
    CREDENTIALS_TOO_LONG = "credentials_too_long"
    SEVERAL_CREDENTIALS = "several_credentials"
    HTTPS_REQUIRED = "https_required"
    BODY_TOO_LARGE = "body_too_large"
    AMBIGUOUS_PATH = "ambiguous_path"

    # 401: the token is wrong
    MALFORMED_TOKEN = "malformed_token"  # noqa: S105 - a reason, not a secret
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
    UNCLEAR_ACTIVE = "unclear_active"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    ISSUED_IN_FUTURE = "issued_in_future"
    BOUND_TOKEN = "bound_token"  # noqa: S105 - a reason, not a secret
    ANOTHER_CALLER = "another_caller"

    # 403: the token is good, but not for this
    INSUFFICIENT_SCOPE = "insufficient_scope"
    MISSING_ROLE = "missing_role"
    MISSING_GROUP = "missing_group"
    MISSING_ENTITLEMENT = "missing_entitlement"
    NOT_A_USER = "not_a_user"

    # 503: the issuer is not there to be asked
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    BAD_RESPONSE = "bad_response"
    WRONG_METADATA = "wrong_metadata"
    NO_USABLE_KEYS = "no_usable_keys"
    BACKING_OFF = "backing_off"
    BUSY = "busy"
    CLIENT_REFUSED = "client_refused"
    TOKEN_NOT_ACCEPTED = "token_not_accepted"  # noqa: S105 - a reason, not a secret


class OAuthGuardError(Exception):
    """The root of every error that this library raises."""


class ConfigurationError(OAuthGuardError, ValueError):
    """The operator's fault: raised while building, with a sentence that says what to write."""


class IssuerUnavailable(OAuthGuardError):  # noqa: N818 - a state of the world, as the house names it
    """The issuer's fault: the token may be good, but we could not ask (503)."""

    def __init__(self, issuer: str, reason: Reason, *, retry_after: int = 1) -> None:
        """Say which configured issuer, why, and after how many seconds to try again."""
        super().__init__(f"{issuer}: {reason}")
        self.issuer = issuer
        self.reason = reason
        self.retry_after = retry_after


class StoreUnavailable(OAuthGuardError):  # noqa: N818 - a state of the world, as the house names it
    """The store's fault: what is remembered can't be read or written now."""


class RequestRejected(OAuthGuardError):  # noqa: N818 - a verdict, as the house names it
    """The caller's fault: carries the RFC's error code, the status, and our reason.

    Raise one of those below; one that says no more than this is answered as an invalid token.

    Attributes:
        status: The HTTP status of the answer.
        code: The error code of RFC 6750; None, and any that is not among its three, is not sent.
        reason: Why, for the operator.
        scope: What to ask for, where that would help.
    """

    status: ClassVar[int] = 401
    code: ClassVar[str | None] = "invalid_token"
    scope: str | None = None

    def __init__(self, reason: Reason) -> None:
        """Say why; nothing of the request goes in."""
        # No super().__init__(): Exception.__new__ has kept what an error needs, and refusals are
        # many.
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class MissingCredentials(RequestRejected):
    """Nobody has tried to authenticate, so no error code is sent (RFC 6750 §3.1)."""

    status = 401
    code = None

    def __init__(self, reason: Reason = Reason.NO_CREDENTIALS, *, scope: str | None = None) -> None:
        """Carry the scope that a token for this route needs, where one is asked for."""
        self.reason = reason
        self.scope = scope


class InvalidRequest(RequestRejected):
    """The request is malformed, whatever token it carries (RFC 6750 §3.1)."""

    status = 400
    code = "invalid_request"


class RequestTooLarge(InvalidRequest):
    """The form that may hold the token is over the bound, and was not read to its end."""

    status = 413


class InvalidToken(RequestRejected):
    """The token is expired, revoked, malformed or not for us (RFC 6750 §3.1)."""

    status = 401
    code = "invalid_token"

    def __init__(self, reason: Reason = Reason.WRONG_CLAIM) -> None:
        """Say why; by default, since the operator's own judgement of its claims is against it."""
        self.reason = reason


class InsufficientScope(RequestRejected):
    """The token is good, but the route asks for more than it grants (RFC 6750 §3.1)."""

    status = 403
    code = "insufficient_scope"

    def __init__(
        self, reason: Reason = Reason.INSUFFICIENT_SCOPE, *, scope: str | None = None
    ) -> None:
        """Carry the scope to ask for, or none where more scope would not help."""
        self.reason = reason
        self.scope = scope
