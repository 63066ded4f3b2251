"""Verify a DPoP proof: a signed statement that the sender of a request has a key (RFC 9449 §4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Self

from oauth_guard.errors import ConfigurationError, InvalidDPoPProof, Reason, UseDPoPNonce
from oauth_guard.jose.algorithms import ASYMMETRIC
from oauth_guard.jose.base64url import decode_base64url
from oauth_guard.jose.jwk import Key, import_key
from oauth_guard.jose.jws import JWS, JWSHeader
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.jose.thumbprint import encode_sha256, jwk_thumbprint, thumbprints_match
from oauth_guard.protocol.nonce import Nonces
from oauth_guard.protocol.target_uri import normalize_uri

__all__ = [
    "DEFAULT_PROOF_ALGORITHMS",
    "MAX_PROOF_BYTES",
    "DPoPProof",
    "ProofRules",
    "ProvenRequest",
    "verify_proof",
]

MAX_PROOF_BYTES = 8 * 1024
"""The longest DPoP proof that is read, in bytes."""

DEFAULT_PROOF_ALGORITHMS = ("ES256", "PS256")
"""The algorithms of proofs that are accepted by default, both allowed by FAPI 2.0."""

_MAX_SIGNERS = 512  # headers of up to 8 KiB
_MAX_JTI = 512  # characters
_MAX_WINDOW = 300  # seconds
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
_CLAIM_TYPES: Mapping[str, tuple[type, ...]] = {
    "jti": (str,),
    "htm": (str,),
    "htu": (str,),
    "iat": (int, float),
    "ath": (str,),
}


@dataclass(frozen=True, slots=True)
class ProofRules:
    """What proofs must satisfy, beside what every request demands of its own.

    Attributes:
        algorithms: The signature algorithms that are accepted, in the order of challenges.
        max_age: How long ago a proof may have been issued, in seconds.
        future_tolerance: How far in the future its `iat` may be, in seconds.
        nonces: If set, each proof must contain a valid one of these nonces. It limits the age of
            the proof in the place of `iat` (RFC 9449 §4.3 (11)).
    """

    algorithms: tuple[str, ...] = DEFAULT_PROOF_ALGORITHMS
    max_age: float = 60
    future_tolerance: float = 10
    nonces: Nonces | None = None

    @classmethod
    def of(
        cls,
        algorithms: Iterable[str] = DEFAULT_PROOF_ALGORITHMS,
        *,
        max_age: float = 60,
        future_tolerance: float = 10,
        nonces: Nonces | None = None,
    ) -> Self:
        """Check the settings of an operator.

        Raises:
            ConfigurationError: There is no algorithm, one is symmetric or unknown, or the window
                of `iat` is wider than five minutes to either side.
        """
        names = (algorithms,) if isinstance(algorithms, str) else tuple(algorithms)
        if not names or not ASYMMETRIC.issuperset(names):
            raise ConfigurationError(
                f"algorithms= of proofs are asymmetric: {', '.join(sorted(ASYMMETRIC))}."
            )
        if not (0 < max_age <= _MAX_WINDOW and 0 <= future_tolerance <= _MAX_WINDOW):
            raise ConfigurationError(
                "max_age= of proofs is above 0 and at most 300 seconds, future_tolerance= 0 to 300."
            )
        return cls(names, max_age, future_tolerance, nonces)


class ProvenRequest(NamedTuple):
    """The request that a proof must be for.

    Attributes:
        method: The HTTP method; `GET` for a WebSocket handshake.
        uri: The target URI, as `target_uri` returns it.
        access_token: The token that came with the proof.
    """

    method: str
    uri: str
    access_token: str

    def __repr__(self) -> str:
        return f"<ProvenRequest: {self.method}>"


@dataclass(frozen=True, slots=True)
class DPoPProof:
    """What a verified proof shows. Its first use is still to be claimed.

    Attributes:
        thumbprint: The RFC 7638 thumbprint of the key that signed it, to be compared with
            `cnf.jkt`.
        jti: The identifier of the proof; with *thumbprint* it names the replay entry.
        expires_at: When the proof, and its nonce, are no longer accepted, in seconds since the
            epoch.
        next_nonce: The nonce that the response should contain; None if no new one is due.
    """

    thumbprint: str
    jti: str
    expires_at: float
    next_nonce: str | None = None

    def __repr__(self) -> str:
        return "<DPoPProof>"


def verify_proof(
    proofs: Sequence[bytes], request: ProvenRequest, rules: ProofRules, now: float
) -> DPoPProof:
    """Verify the one proof of *request*, but for two checks (RFC 9449 §4.3).

    Not checked here: whether its key is the one that the token is bound to (`thumbprints_match`
    with `cnf.jkt`), and whether the proof was used before (a replay store). `exp` and `nbf`,
    which no proof needs, are not read.

    Args:
        proofs: The values of the `DPoP` fields of the request; more than one is rejected, equal
            ones included.
        request: What the proof must be for.
        rules: The configured rules.
        now: Seconds since the epoch.

    Raises:
        InvalidDPoPProof: The proof is rejected.
        UseDPoPNonce: It lacks a valid nonce; the client may try again with the one in the error.
    """
    if len(proofs) > 1:
        raise InvalidDPoPProof(Reason.SEVERAL_PROOFS)
    proof = proofs[0].strip(b" \t") if proofs else b""
    if not proof:
        raise InvalidDPoPProof(Reason.MISSING_PROOF)
    if len(proof) > MAX_PROOF_BYTES:
        raise InvalidDPoPProof(Reason.PROOF_TOO_LONG)
    header, jws = _parse(proof)
    if header.get("typ") != "dpop+jwt":
        raise InvalidDPoPProof(Reason.WRONG_PROOF_TYPE)
    if jws.header.algorithm not in rules.algorithms:
        raise InvalidDPoPProof(Reason.PROOF_ALGORITHM_NOT_ALLOWED)
    key, thumbprint = _signer(proof[: proof.index(b".")])
    # Comparisons first: they cost less than a signature and keep no secret.
    _check_claims(jws.claims, request)
    next_nonce, expires_at = _check_time(jws.claims, rules, now)
    if not key.verifies(jws):
        raise InvalidDPoPProof(Reason.BAD_PROOF_SIGNATURE)
    return DPoPProof(thumbprint, jws.claims["jti"], expires_at, next_nonce)


def _parse(proof: bytes) -> tuple[dict[str, Any], JWS]:
    """Return the header and the JWS; `parse_jws` keeps no `jwk`, since no other token has one."""
    try:
        encoded_header, encoded_claims, encoded_signature = proof.split(b".")
        header = parse_object(decode_base64url(encoded_header))
        claims = parse_object(decode_base64url(encoded_claims))
        signature = decode_base64url(encoded_signature)
    except ValueError:
        raise InvalidDPoPProof(Reason.MALFORMED_PROOF) from None
    algorithm = header.get("alg")
    if "crit" in header or "b64" in header or not isinstance(algorithm, str) or not signature:
        raise InvalidDPoPProof(Reason.MALFORMED_PROOF)
    signing_input = proof[: len(encoded_header) + 1 + len(encoded_claims)]
    return header, JWS(JWSHeader(algorithm, None, None), claims, signing_input, signature)


@lru_cache(_MAX_SIGNERS)
def _signer(encoded_header: bytes) -> tuple[Key, str]:
    """Return the key in the header of a proof, and its thumbprint.

    They are kept for the next proof of the client, whose header is the same.
    """
    header = parse_object(decode_base64url(encoded_header))
    jwk = jwk if isinstance(jwk := header.get("jwk"), dict) else {}
    return _import_key(jwk), jwk_thumbprint(jwk)


def _import_key(jwk: dict[str, Any]) -> Key:
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise InvalidDPoPProof(Reason.PRIVATE_PROOF_KEY)
    try:
        return import_key(jwk)
    except ValueError:
        raise InvalidDPoPProof(Reason.UNUSABLE_PROOF_KEY) from None


def _check_claims(claims: Mapping[str, Any], request: ProvenRequest) -> None:
    for name, types in _CLAIM_TYPES.items():
        if name not in claims:
            raise InvalidDPoPProof(Reason.MISSING_PROOF_CLAIM)
        if type(claims[name]) not in types:  # a bool is no number here
            raise InvalidDPoPProof(Reason.MALFORMED_PROOF_CLAIM)
    if not 0 < len(claims["jti"]) <= _MAX_JTI:
        raise InvalidDPoPProof(Reason.MALFORMED_PROOF_CLAIM)
    if claims["htm"] != request.method:
        raise InvalidDPoPProof(Reason.WRONG_PROOF_METHOD)
    if claims["htu"] != request.uri and not _names(claims["htu"], request.uri):
        raise InvalidDPoPProof(Reason.WRONG_PROOF_URI)
    if not thumbprints_match(encode_sha256(request.access_token.encode()), claims["ath"]):
        raise InvalidDPoPProof(Reason.WRONG_TOKEN_HASH)


def _names(htu: str, uri: str) -> bool:
    try:
        return normalize_uri(htu) == uri
    except ValueError:
        return False


def _check_time(
    claims: Mapping[str, Any], rules: ProofRules, now: float
) -> tuple[str | None, float]:
    """Return the next nonce if one is due, and until when the proof is accepted."""
    issued_at = claims["iat"]
    if rules.nonces is None:
        if issued_at < now - rules.max_age:
            raise InvalidDPoPProof(Reason.PROOF_TOO_OLD)
        if issued_at > now + rules.future_tolerance:
            raise InvalidDPoPProof(Reason.PROOF_ISSUED_IN_FUTURE)
        return None, issued_at + rules.max_age
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or (nonce_end := rules.nonces.expiry(nonce, now)) is None:
        raise UseDPoPNonce(nonce=rules.nonces.issue(now))
    # A process without nonces would accept the proof until its `iat` is too old. An `iat` that is
    # far in the future must not make the entry live longer than any window.
    until = min(issued_at, now + rules.future_tolerance) + rules.max_age
    current = rules.nonces.issue(now)
    return None if nonce == current else current, max(nonce_end, until)
