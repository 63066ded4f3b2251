"""All exceptions, grouped by who caused the failure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Self

from oauth_guard.reasons import Reason

__all__ = [
    "ConfigurationError",
    "ForeignOrigin",
    "InsecureRequest",
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


class OAuthGuardError(Exception):
    """Base class of all exceptions that this library raises.

    Attributes:
        detail: What the failure is about, for the operator: names of claims, URLs, statuses and
            configured names, but no token and no value of a claim; see `mismatch` for the
            exceptions.
    """

    detail: Mapping[str, str] = MappingProxyType({})

    def about(self, **detail: str) -> Self:
        """Set `detail`, and return this error."""
        self.detail = detail
        return self

    @property
    def detail_text(self) -> str:
        """The detail in parentheses, for a log line; empty if there is none."""
        parts = [f"{name} {value}" for name, value in self.detail.items()]
        return f" ({', '.join(parts)})" if parts else ""


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


class ForeignOrigin(RequestRejected):
    """A page of another origin has sent the request, with a cookie that the browser added (403)."""

    status = 403
    code = None

    def __init__(self, reason: Reason = Reason.WRONG_ORIGIN) -> None:
        """Keep the reason; nothing of the request is kept."""
        self.reason = reason


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
