"""TokenEndpoint: what the endpoints share to which an identity provider posts signed tokens."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from oauth_guard.asgi import Connection, HeaderFields, Receive, Send, send_response
from oauth_guard.errors import (
    ConfigurationError,
    InvalidRequest,
    InvalidToken,
    IssuerUnavailable,
    Reason,
    StoreUnavailable,
)
from oauth_guard.guard import Guard
from oauth_guard.interfaces import Once
from oauth_guard.issuers.jwt import JWTIssuer
from oauth_guard.log_limit import LogLimit
from oauth_guard.stores.replays import MemoryOnce

__all__ = ["TokenEndpoint"]

_NO_STORE = (b"cache-control", b"no-store")


class TokenEndpoint(ABC):
    """An ASGI application that takes a signed token by POST and revokes what it names.

    Args:
        guard: The guard, with a deny-list.
        issuer: The sender, with the keys that sign its tokens.
        audience: The names of this receiver, one of which is in `aud`.
        once: Which tokens were received; shared by processes, or of this process if it is None.

    Attributes:
        accepted: The status of the response to a valid token.
        noun: What the log calls a token.
        error_fields: The header fields that describe the body of a rejection.

    Raises:
        ConfigurationError: *guard* has no deny-list.
    """

    accepted: ClassVar[int]
    noun: ClassVar[str]
    error_fields: ClassVar[HeaderFields]

    def __init__(
        self, guard: Guard, issuer: JWTIssuer, audience: str | Iterable[str], once: Once | None
    ) -> None:
        if guard.deny_list is None:
            raise ConfigurationError(
                f"{type(self).__name__} needs Guard(..., deny_list=DenyList()), where it revokes."
            )
        names = [audience] if isinstance(audience, str) else audience
        self._audience = frozenset(filter(None, names))
        self._guard, self._issuer = guard, issuer
        self._once = MemoryOnce() if once is None else once
        self._limit = LogLimit()

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Respond with `accepted` to a token that has taken effect, 400 to every other request.

        503 if the keys or a store can't be reached, so that the token is sent again.
        """
        if scope["type"] != "http":
            raise ConfigurationError(f"{type(self).__name__} serves HTTP requests only.")
        method = scope["method"]
        if method != "POST":
            headers = ((b"allow", b"POST"), _NO_STORE, (b"content-length", b"0"))
            await send_response(send, method, 405, headers)
            return
        status, body = self.accepted, b""
        try:
            await self._process(scope, receive)
        except (InvalidToken, InvalidRequest) as error:
            status, body = 400, self._error(error.reason)
            self._warn("rejected", error.reason)
        except (IssuerUnavailable, StoreUnavailable) as error:
            status = 503
            self._warn("not processed", error)
        fields = self.error_fields if body else ()
        length = (b"content-length", b"%d" % len(body))
        await send_response(send, method, status, (_NO_STORE, *fields, length), body)

    @abstractmethod
    async def _process(self, connection: Connection, receive: Receive) -> None:
        """Read the token, verify it, and revoke what it names."""

    @abstractmethod
    def _error(self, reason: Reason) -> bytes:
        """Return the body of the response to a rejected token."""

    def _warn(self, outcome: str, reason: object) -> None:
        kind = (outcome, str(reason))
        message = f"%s: {self.noun} was %s: %s"
        self._limit.log(logging.WARNING, kind, message, self._issuer.issuer, *kind)
