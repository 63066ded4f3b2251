"""BoundClient: a client's key, and the DPoP proofs that it signs (RFC 9449 §4.2)."""

import base64
import hashlib
import json
import secrets
import time
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey


class BoundClient:
    """Makes the header fields of requests whose token is bound to a key."""

    def __init__(self) -> None:
        """Generate the key."""
        self._key = ECKey.generate_key("P-256")

    def proof(
        self, method: str, url: str, token: str | None = None, nonce: str | None = None
    ) -> str:
        """Return a proof for one request; without *token*, for the token endpoint."""
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(12),
            "htm": method,
            "htu": url,
            "iat": int(time.time()),
        }
        if token is not None:
            digest = hashlib.sha256(token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if nonce is not None:
            claims["nonce"] = nonce
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self._key.as_dict(private=False)}
        return jws.serialize_compact(header, json.dumps(claims), self._key, ["ES256"])

    def headers(self, method: str, url: str, token: str, nonce: str | None) -> dict[str, str]:
        """Return the fields of a request to the resource."""
        return {"Authorization": f"DPoP {token}", "DPoP": self.proof(method, url, token, nonce)}
