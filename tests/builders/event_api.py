"""EventApi: an API with an endpoint for security events, and the events of its provider."""

import json
from collections.abc import Mapping
from typing import Any

from oauth_guard.deny_list import DenyList
from oauth_guard.security_events import SecurityEventReceiver
from oauth_guard.testing import SigningKey
from tests.acceptance.standards.api import ISSUER, NOW, Api
from tests.acceptance.standards.opaque import OpaqueApi
from tests.acceptance.standards.recorded_response import (
    Headers,
    RecordedResponse,
    body,
    http,
    run,
)

RECEIVER = "https://api.example.com/events"
CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
SET: Headers = ((b"content-type", b"application/secevent+jwt"),)
USER: Mapping[str, Any] = {"format": "iss_sub", "iss": ISSUER, "sub": "u1"}


class _WithEvents(Api):
    """An API with a receiver.

    Attributes:
        endpoint: The receiver, which the provider posts to.
    """

    endpoint: SecurityEventReceiver

    def event(
        self,
        name: str = "session-revoked",
        subject: object = USER,
        *,
        header: Mapping[str, Any] | None = None,
        key: SigningKey | None = None,
        members: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> bytes:
        """Return a security event token with changes to its claims; None removes a claim."""
        claims = {
            "iss": ISSUER,
            "aud": RECEIVER,
            "iat": NOW,
            "jti": "e1",
            "sub_id": subject,
            "events": {f"{CAEP}{name}": {"event_timestamp": NOW, **(members or {})}},
        } | changes
        present = {name: value for name, value in claims.items() if value is not None}
        head = {"typ": "secevent+jwt"} if header is None else header
        return (key or self.authority.keys[0]).sign(json.dumps(present).encode(), head).encode()

    async def push(
        self, content: bytes, headers: Headers = SET, method: str = "POST"
    ) -> RecordedResponse:
        """Send any request to the endpoint."""
        return await run(self.endpoint, http(method, "/events", headers), body(content))


class EventApi(_WithEvents):
    """The API of the matrix, with a deny-list and a receiver.

    Args:
        api: Options of `Api`.
        settings: Options of `SecurityEventReceiver`.
    """

    def __init__(self, api: Mapping[str, Any] | None = None, **settings: Any) -> None:
        super().__init__(guard={"deny_list": DenyList(clock=lambda: self.now)}, **(api or {}))
        options: dict[str, Any] = {"audience": RECEIVER, **settings}
        self.endpoint = SecurityEventReceiver(self.guard, self.jwt_issuer(), **options)


class OpaqueEventApi(OpaqueApi, _WithEvents):
    """The same with opaque tokens.

    Args:
        cached: Whether introspection results are cached, for a minute.
    """

    def __init__(self, *, cached: bool = True) -> None:
        super().__init__(cached=cached, guard={"deny_list": DenyList(clock=lambda: self.now)})
        self.endpoint = SecurityEventReceiver(self.guard, self.jwt_issuer(), audience=RECEIVER)
