"""check_binding: a bound token needs the proof of its key (RFC 7800 §3.1, RFC 8705, RFC 9449)."""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args

from oauth_guard.errors import ConfigurationError, InvalidToken, Reason
from oauth_guard.jose.thumbprint import thumbprints_match

__all__ = [
    "NOTHING_PROVEN",
    "Binding",
    "Confirmation",
    "ProvenKeys",
    "check_binding",
    "check_binding_setting",
    "confirmation_of",
    "is_bound",
]

Confirmation: TypeAlias = tuple[Any, bool]
"""The `cnf` claim of a bound token, and whether its `token_type` is DPoP."""

Binding: TypeAlias = Literal["dpop", "mtls", "any"]
"""How a token must be bound: to the key of DPoP proofs, to a client certificate, or either."""

_JKT, _X5T = "jkt", "x5t#S256"
_MEMBERS: Mapping[Binding, frozenset[str]] = {
    "dpop": frozenset({_JKT}),
    "mtls": frozenset({_X5T}),
    "any": frozenset({_JKT, _X5T}),
}


class ProvenKeys(NamedTuple):
    """The keys that the sender of a request has proven to have.

    Attributes:
        proof: The thumbprint of the key of its DPoP proof; None under another scheme than DPoP.
        certificate: The thumbprint of its client certificate; None if there is none.
    """

    proof: str | None = None
    certificate: str | None = None


NOTHING_PROVEN: Final = ProvenKeys()
"""What a request without a proof and a certificate proves."""


def confirmation_of(claims: Mapping[str, Any]) -> Confirmation | None:
    """Return what binds a token with these *claims* to a key; None for a bearer token.

    Any `cnf` counts, an empty or unknown one too: the issuer set it to say that the token alone
    is not sufficient. A `token_type` of DPoP, in any case, says the same.
    """
    kind = claims.get("token_type")
    is_dpop = isinstance(kind, str) and kind.lower() == "dpop"
    if is_dpop or "cnf" in claims:
        return claims.get("cnf"), is_dpop
    return None


def check_binding(
    confirmation: Confirmation | None,
    proven: ProvenKeys = NOTHING_PROVEN,
    required: Binding | None = None,
) -> None:
    """Check that the sender has proven every key that the token is bound to.

    The token decides which proofs are needed, and *required* can add to them. A member of `cnf`
    that is not known can't be proven, so such a token is rejected.

    Args:
        confirmation: What binds the token; None for a bearer token.
        proven: The verified proofs of the request. Their first use is not checked here.
        required: How the token must be bound at least.

    Raises:
        InvalidToken: A key is not proven, the token has an empty or unknown `cnf`, it was sent
            under the scheme of another kind of token (RFC 9449 §7.1, §7.2), or it is not bound
            as required.
    """
    members = {} if confirmation is None else _members(*confirmation)
    if proven.proof is not None and _JKT not in members:
        raise InvalidToken(Reason.UNBOUND_TOKEN)
    if required is not None and _MEMBERS[required].isdisjoint(members):
        raise InvalidToken(Reason.BINDING_REQUIRED)
    if _JKT in members:
        if proven.proof is None:
            raise InvalidToken(Reason.BOUND_TOKEN)
        if not thumbprints_match(proven.proof, members[_JKT]):
            raise InvalidToken(Reason.WRONG_PROOF_KEY)
    if _X5T in members:
        if proven.certificate is None:
            raise InvalidToken(Reason.BOUND_TOKEN)
        if not thumbprints_match(proven.certificate, members[_X5T]):
            raise InvalidToken(Reason.WRONG_CERTIFICATE)


def is_bound(claims: Mapping[str, Any], required: Binding) -> bool:
    """Return whether a token that passed `check_binding` is bound as *required*."""
    confirmation = claims.get("cnf")
    return isinstance(confirmation, Mapping) and not _MEMBERS[required].isdisjoint(confirmation)


def check_binding_setting(required: str | None) -> None:
    """Raise `ConfigurationError` unless *required* is a `Binding` or None."""
    if required is not None and required not in get_args(Binding):
        raise ConfigurationError(f"binding= is one of {', '.join(get_args(Binding))}.")


def _members(confirmation: Any, is_dpop: bool) -> Mapping[str, Any]:  # noqa: FBT001 - a Confirmation
    if confirmation is None and is_dpop:
        raise InvalidToken(Reason.BOUND_TOKEN)  # a DPoP token that does not say to which key
    if not isinstance(confirmation, Mapping) or not confirmation:
        raise InvalidToken(Reason.UNKNOWN_CONFIRMATION)
    if not _MEMBERS["any"].issuperset(confirmation):
        raise InvalidToken(Reason.UNKNOWN_CONFIRMATION)
    if is_dpop and _JKT not in confirmation:
        raise InvalidToken(Reason.BOUND_TOKEN)
    return confirmation
