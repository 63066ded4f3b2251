"""proven_thumbprint(): the key of a DPoP proof at the token endpoint (RFC 9449 §5)."""

import json
from collections.abc import Sequence
from typing import Any

from authlib.oauth2 import OAuth2Error
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.util import to_str

ALGORITHMS = ["ES256"]
_SECONDS = 60
_PRIVATE = {"d", "k"}


class InvalidDPoPProofError(OAuth2Error):
    """The DPoP proof of a token request is missing, malformed, not for it, or too old."""

    error = "invalid_dpop_proof"
    description = "The DPoP proof is missing, malformed, not for this request, or too old."
    status_code = 400


def proven_thumbprint(proofs: Sequence[str], url: str, now: int) -> str | None:
    """Return the thumbprint of the key that signed the one proof, or None if there is none.

    A proof may be used several times within 60 seconds: the client authenticates as well, and the
    resource accepts each of its own proofs once.

    Raises:
        InvalidDPoPProofError: The proof is not for a POST to *url* at *now*.
    """
    if not proofs:
        return None
    if len(proofs) > 1:
        raise InvalidDPoPProofError
    try:
        header = jws.extract_compact(proofs[0].encode()).headers()
        key = _public_key(header)
        claims = json.loads(to_str(jws.deserialize_compact(proofs[0], key, ALGORITHMS).payload))
        issued_for = claims["htm"], claims["htu"], bool(claims["jti"])
        age = now - claims["iat"]
    except (JoseError, KeyError, TypeError, ValueError) as error:
        raise InvalidDPoPProofError from error
    if issued_for != ("POST", url, True) or not -_SECONDS <= age <= _SECONDS:
        raise InvalidDPoPProofError
    return key.thumbprint()


def _public_key(header: dict[str, Any]) -> ECKey:
    jwk = header["jwk"]
    if header["typ"] != "dpop+jwt" or not _PRIVATE.isdisjoint(jwk):
        raise ValueError("no proof with a public key")
    return ECKey.import_key(jwk)
