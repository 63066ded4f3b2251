"""SecurityEventReceiver: the endpoint where an identity provider pushes security events (CAEP)."""

import json
import logging
from collections.abc import Collection
from hashlib import sha256
from hmac import compare_digest

from oauth_guard.asgi import Connection, Receive, read_body
from oauth_guard.errors import ConfigurationError, InvalidRequest, Reason
from oauth_guard.guard import Guard
from oauth_guard.interfaces import Once
from oauth_guard.issuers.jwt import JWTIssuer
from oauth_guard.jose.jws import parse_jws
from oauth_guard.protocol.security_event import read_security_event
from oauth_guard.protocol.settings import checked_settings
from oauth_guard.token_endpoint import TokenEndpoint

__all__ = ["SecurityEventReceiver"]

_PURPOSE = b"oauth_guard security event 1"
_REMEMBERED = 86_400  # seconds
_MEDIA_TYPE = b"application/secevent+jwt"
_KEY_REASONS = {Reason.UNKNOWN_KEY, Reason.BAD_SIGNATURE, Reason.ALGORITHM_NOT_ALLOWED}
_ERRORS = {
    Reason.UNKNOWN_ISSUER: "invalid_issuer",
    Reason.WRONG_AUDIENCE: "invalid_audience",
    Reason.NO_CREDENTIALS: "authentication_failed",
    **dict.fromkeys(_KEY_REASONS, "invalid_key"),
}
_DESCRIPTIONS = {
    "invalid_issuer": "The issuer is not the one of this stream.",
    "invalid_audience": "The token is for another receiver.",
    "authentication_failed": "The credentials of the transmitter are wrong.",
    "invalid_key": "The signature can't be verified.",
    "invalid_request": "The request is not one valid security event token.",
}


@checked_settings
class SecurityEventReceiver(TokenEndpoint):
    """An ASGI application for the push endpoint of a stream (RFC 8935, SSF 1.0).

    Events of CAEP 1.0 revoke tokens on the deny-list of *guard*, or announce there that their
    claims have changed: see `SecurityEvent`, and `DenyList.claims_changed` for the latter. A
    subject names a user (`iss_sub`, `opaque`), a session (`opaque`) or a token (`jwt_id`); other
    events and subjects are acknowledged without effect. The endpoint needs no access token, so its
    path is public: `OAuthGuardMiddleware(..., public=["POST /events"])`. The stream is created at
    the transmitter by the operator.

    Args:
        guard: The guard, with a deny-list.
        issuer: The transmitter, with the keys that sign its events; it is also the issuer of the
            tokens that they revoke.
        audience: The names of this receiver in the stream: the `aud` of its events.
        authorization: The value of the `Authorization` field that the transmitter sends, if one
            was configured for the stream. The signature is required in any case.
        critical_subject_members: Those in the metadata of the transmitter (SSF 1.0 §7.1). An event
            whose subject has one that is neither `user` nor `session` is discarded.
        once: Where processes share which events were received: `RedisOnce`.

    Raises:
        ConfigurationError: *guard* has no deny-list, or *audience* is empty.
    """

    accepted = 202
    noun = "a security event"
    error_fields = ((b"content-type", b"application/json"), (b"content-language", b"en"))

    def __init__(  # noqa: PLR0913 - settings, each by keyword
        self,
        guard: Guard,
        issuer: JWTIssuer,
        *,
        audience: str | Collection[str],
        authorization: str | None = None,
        critical_subject_members: Collection[str] = (),
        once: Once | None = None,
    ) -> None:
        super().__init__(guard, issuer, audience, once)
        if not self._audience or authorization == "":
            raise ConfigurationError("audience= and authorization= must not be empty.")
        self._critical = critical_subject_members
        self._authorization = None if authorization is None else authorization.encode()

    def _authenticate(self, connection: Connection) -> None:
        if self._authorization is None:
            return
        values = [v for name, v in connection["headers"] if name.lower() == b"authorization"]
        if len(values) != 1 or not compare_digest(values[0], self._authorization):
            raise InvalidRequest(Reason.NO_CREDENTIALS)

    async def _process(self, connection: Connection, receive: Receive) -> None:
        self._authenticate(connection)
        signed = parse_jws(await _read_token(connection, receive))
        now = self._guard.clock()
        event = read_security_event(
            signed.header, signed.claims, self._audience, self._critical, now
        )
        await self._issuer.verify(signed)
        issuer = self._issuer.issuer
        key = sha256(_PURPOSE + f"{issuer}\0{event.jti}".encode("utf-8", "surrogatepass")).digest()
        # Tokens are revoked before the event is recorded, so that an event whose revocation failed
        # can be sent again. A repeated event has no further effect, since it contains the cut-off.
        for selector in event.selectors:
            await self._guard.revoke(issuer, **selector)
        for selector, changed_at in event.changes:
            await self._guard.claims_changed(issuer, changed_at=changed_at, **selector)
        if not await self._once.claim(key, _REMEMBERED):
            return
        if not event.selectors and not event.changes:
            message = "%s: a security event concerns no token that is recognized here"
            self._limit.log(logging.INFO, "ignored", message, issuer)

    def _error(self, reason: Reason) -> bytes:
        code = _ERRORS.get(reason, "invalid_request")
        return json.dumps({"err": code, "description": _DESCRIPTIONS[code]}).encode()


async def _read_token(connection: Connection, receive: Receive) -> str:
    """Return the token in the body (RFC 8935 §2.1).

    Raises:
        InvalidRequest: It has another media type, is longer than 64 KiB, or not ASCII.
    """
    types = [v for name, v in connection["headers"] if name.lower() == b"content-type"]
    if len(types) != 1 or types[0].partition(b";")[0].strip().lower() != _MEDIA_TYPE:
        raise InvalidRequest(Reason.MALFORMED_CREDENTIALS)
    body, _ = await read_body(receive)
    if not body.isascii():
        raise InvalidRequest(Reason.MALFORMED_CREDENTIALS)
    return body.decode("ascii").strip()
