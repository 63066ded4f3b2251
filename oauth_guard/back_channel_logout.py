"""BackChannelLogout: the endpoint where an OpenID provider says that a user has signed out."""

from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import parse_qsl

from oauth_guard.asgi import Connection, Receive, read_body
from oauth_guard.errors import ConfigurationError, InvalidRequest, InvalidToken, Reason
from oauth_guard.guard import Guard
from oauth_guard.interfaces import Once
from oauth_guard.issuers.jwt import JWTIssuer
from oauth_guard.jose.jws import parse_jws
from oauth_guard.protocol.logout_token import LogoutToken, read_logout_token
from oauth_guard.protocol.token_parameters import is_form
from oauth_guard.token_endpoint import TokenEndpoint

__all__ = ["BackChannelLogout"]

_PURPOSE = b"oauth_guard logout token 1"
_MAX_PARAMETERS = 100
_INVALID = b'{"error":"invalid_request"}'


class BackChannelLogout(TokenEndpoint):
    """An ASGI application for the back-channel logout URI (OpenID Connect Back-Channel Logout 1.0).

    A valid logout token revokes the tokens of its session `sid`, or those of its subject that were
    issued up to its `iat`, on the deny-list of *guard*. The endpoint needs no access token, so its
    path is public: `OAuthGuardMiddleware(..., public=["POST /logout"])`.

    Args:
        guard: The guard, with a deny-list.
        issuer: The provider, with the keys that sign its logout tokens; usually the one that
            *guard* has.
        client_id: The client identifiers of this application at the provider: the `aud` of its
            logout tokens.
        revoke_subject: Revoke all tokens of the subject, if the logout token names it, also if it
            names a session. For providers whose access tokens have no `sid`.
        once: Where processes share which logout tokens were used: `RedisOnce`.

    Raises:
        ConfigurationError: *guard* has no deny-list, or *client_id* is empty.
    """

    accepted = 200
    noun = "a logout token"
    error_fields = ((b"content-type", b"application/json"),)

    def __init__(
        self,
        guard: Guard,
        issuer: JWTIssuer,
        *,
        client_id: str | Iterable[str],
        revoke_subject: bool = False,
        once: Once | None = None,
    ) -> None:
        super().__init__(guard, issuer, client_id, once)
        if not self._audience:
            raise ConfigurationError("client_id= names this application at the provider.")
        self._revoke_subject = revoke_subject

    async def _process(self, connection: Connection, receive: Receive) -> None:
        signed = parse_jws(await _read_token(connection, receive))
        now = self._guard.clock()
        token = read_logout_token(signed.header, signed.claims, self._audience, now)
        await self._issuer.verify(signed)
        # First, so that a token whose revocation failed can be sent again. To repeat it has no
        # further effect, since the cut-off is in the token.
        await self._revoke(token)
        name = f"{self._issuer.issuer}\0{token.jti}".encode("utf-8", "surrogatepass")
        if not await self._once.claim(sha256(_PURPOSE + name).digest(), token.ends_at - now):
            raise InvalidToken(Reason.REPLAYED_LOGOUT)

    async def _revoke(self, token: LogoutToken) -> None:
        issuer = self._issuer.issuer
        if token.session is not None:
            await self._guard.revoke(issuer, sid=token.session)
        if token.subject is not None and (token.session is None or self._revoke_subject):
            await self._guard.revoke(issuer, subject=token.subject, issued_until=token.issued_at)

    def _error(self, reason: Reason) -> bytes:  # noqa: ARG002 - all have the same body
        return _INVALID


async def _read_token(connection: Connection, receive: Receive) -> str:
    """Return the one `logout_token` of the form (§2.5).

    Raises:
        InvalidRequest: The body is no form, too long, or has not exactly one token.
    """
    if not is_form(connection["method"], connection["headers"]):
        raise InvalidRequest(Reason.MALFORMED_CREDENTIALS)
    body, _ = await read_body(receive)
    try:
        pairs = parse_qsl(body.decode("ascii"), max_num_fields=_MAX_PARAMETERS)
    except ValueError:  # not ASCII, or too many parameters
        raise InvalidRequest(Reason.MALFORMED_CREDENTIALS) from None
    tokens = [value for name, value in pairs if name == "logout_token"]
    if len(tokens) != 1:
        raise InvalidRequest(Reason.MALFORMED_CREDENTIALS)
    return tokens[0]
