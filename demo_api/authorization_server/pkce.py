"""PKCE: required of every client, with S256 only (RFC 7636, RFC 9700 §2.1.1)."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge


class S256CodeChallenge(CodeChallenge):
    """Authlib's own extension requires PKCE of public clients only and accepts `plain`."""

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Reject an authorization request without an S256 challenge."""
        data = grant.request.payload.data
        if "code_challenge" not in data or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE with code_challenge_method=S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)
