"""TokenAuthentication: authenticates the caller who sent a token, where there is no request."""

from typing import Protocol

from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.request import ResourceRequest

__all__ = ["TokenAuthentication"]

_NO_REQUEST = ResourceRequest({"type": "http", "scheme": "https", "path": "", "headers": ()})


class _Authenticating(Protocol):
    """What of a guard `authenticate_token` needs."""

    async def authenticate(self, request: ResourceRequest) -> Identity: ...


class TokenAuthentication:
    """Gives a guard the method `authenticate_token`, for code that has a token and no request."""

    async def authenticate_token(self: _Authenticating, token: str) -> Identity:
        """Return the identity of the caller who sent *token*, where there is no request to read.

        The token takes the path of `authenticate`. It counts as sent over TLS. One that is bound
        to a key or a certificate is rejected, since there is no proof, and so is every token if
        the guard requires binding or has `token_header=`.

        Raises:
            RequestRejected: See `authenticate`.
            IssuerUnavailable: The token's issuer can't be reached.
        """
        return await self.authenticate(_NO_REQUEST.with_credentials(token))
