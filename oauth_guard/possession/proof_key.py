"""ProofKey: the key of this process, which makes DPoP proofs for its own requests (RFC 9449 §4)."""

import secrets

from oauth_guard.interfaces import Clock
from oauth_guard.jose.signing import SigningKey
from oauth_guard.jose.thumbprint import encode_sha256

__all__ = ["ProofKey"]

_NOT_NEEDED = {"alg", "use"}


class ProofKey:
    """A new ES256 key, which never leaves the process.

    Args:
        clock: Returns seconds since the epoch.
    """

    def __init__(self, clock: Clock) -> None:
        self._key, self._clock = SigningKey.generate(), clock
        jwk = self._key.public_jwk
        members = {name: value for name, value in jwk.items() if name not in _NOT_NEEDED}
        self._header = {"typ": "dpop+jwt", "jwk": members}

    def prove(
        self, method: str, url: str, *, token: str | None = None, nonce: str | None = None
    ) -> str:
        """Return a proof for one request (RFC 9449 §4.2).

        Args:
            method: Its method.
            url: Its URL, of which query and fragment are left out.
            token: The token that the request carries; None at a token endpoint.
            nonce: The nonce that the server has sent.
        """
        claims = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": url.partition("#")[0].partition("?")[0],
            "iat": int(self._clock()),
        }
        if token is not None:
            claims["ath"] = encode_sha256(token.encode())
        if nonce is not None:
            claims["nonce"] = nonce
        return self._key.sign(claims, self._header)
