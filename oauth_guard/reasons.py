"""Reason: why a request is rejected, or a token can't be validated."""

from enum import StrEnum

__all__ = ["Reason"]


class Reason(StrEnum):
    """The exact reason of a failure, for logs, counters and tests; never sent to the caller."""

    # 401 without an error code: the request has no credentials that we support
    NO_CREDENTIALS = "no_credentials"
    UNSUPPORTED_SCHEME = "unsupported_scheme"

    # 400: the request is malformed, whatever token it carries
    MALFORMED_CREDENTIALS = "malformed_credentials"
    CREDENTIALS_TOO_LONG = "credentials_too_long"
    SEVERAL_CREDENTIALS = "several_credentials"
    NO_CONNECTION_INIT = "no_connection_init"
    HTTPS_REQUIRED = "https_required"
    BODY_TOO_LARGE = "body_too_large"
    MALFORMED_MESSAGE = "malformed_message"
    HEADER_MISMATCH = "header_mismatch"
    AMBIGUOUS_PATH = "ambiguous_path"
    SEVERAL_CERTIFICATES = "several_certificates"
    CERTIFICATE_TOO_LONG = "certificate_too_long"
    MALFORMED_CERTIFICATE = "malformed_certificate"
    CHAIN_WITHOUT_CERTIFICATE = "chain_without_certificate"

    # 403: another site has sent the request from the browser of the user
    WRONG_ORIGIN = "wrong_origin"

    # 401: the token is invalid
    MALFORMED_TOKEN = "malformed_token"  # noqa: S105 - a reason, not a secret
    WRONG_FORMAT = "wrong_format"
    ENCRYPTED_TOKEN = "encrypted_token"  # noqa: S105 - a reason, not a secret
    MALFORMED_HEADER = "malformed_header"
    CRITICAL_HEADER = "critical_header"
    WRONG_TYPE = "wrong_type"
    ALGORITHM_NOT_ALLOWED = "algorithm_not_allowed"
    MALFORMED_CLAIM = "malformed_claim"
    MALFORMED_DETAILS = "malformed_details"
    MISSING_CLAIM = "missing_claim"
    UNKNOWN_ISSUER = "unknown_issuer"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_CLIENT = "wrong_client"
    WRONG_CLAIM = "wrong_claim"
    INACTIVE = "inactive"
    EXCHANGE_REFUSED = "exchange_refused"
    REVOKED = "revoked"
    CLAIMS_CHANGED = "claims_changed"
    REPLAYED_LOGOUT = "replayed_logout"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    ISSUED_IN_FUTURE = "issued_in_future"
    NOT_LOCAL = "not_local"  # a development token
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
    NO_RULE = "no_rule"
    POLICY_DENIED = "policy_denied"
    POLICY_OBLIGATION = "policy_obligation"
    EXCHANGE_DENIED = "exchange_denied"
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
    POLICY_FUNCTION = "policy_function"
    REVOCATIONS_UNKNOWN = "revocations_unknown"
