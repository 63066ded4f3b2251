"""LogoutApi: an API with an endpoint for OpenID Connect Back-Channel Logout, and its tokens."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from oauth_guard.back_channel_logout import BackChannelLogout
from oauth_guard.deny_list import DenyList
from oauth_guard.testing import SigningKey
from tests.acceptance.standards.api import ISSUER, NOW, Api
from tests.acceptance.standards.recorded_response import (
    Headers,
    RecordedResponse,
    body,
    http,
    run,
)

CLIENT = "shop"
EVENT: Mapping[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}
FORM: Headers = ((b"content-type", b"application/x-www-form-urlencoded"),)


class LogoutApi(Api):
    """The API of the matrix, with a deny-list.

    Args:
        settings: Options of `BackChannelLogout`.

    Attributes:
        endpoint: The endpoint, which the provider posts to.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(guard={"deny_list": DenyList(clock=lambda: self.now)})
        options: dict[str, Any] = {"client_id": CLIENT, **settings}
        self.endpoint = BackChannelLogout(self.guard, self.jwt_issuer(), **options)

    def logout_token(
        self,
        *,
        header: Mapping[str, Any] | None = None,
        key: SigningKey | None = None,
        **changes: Any,
    ) -> str:
        """Return a logout token with changes to its claims; a claim of None is removed."""
        claims = {
            "iss": ISSUER,
            "aud": CLIENT,
            "iat": NOW,
            "exp": NOW + 120,
            "jti": "l1",
            "sid": "s1",
            "events": EVENT,
        } | changes
        present = {name: value for name, value in claims.items() if value is not None}
        members = {"typ": "logout+jwt"} if header is None else header
        return (key or self.authority.keys[0]).sign(json.dumps(present).encode(), members)

    async def log_out(self, token: str) -> RecordedResponse:
        """Post *token* to the endpoint."""
        return await self.send_logout(urlencode({"logout_token": token}).encode())

    async def send_logout(
        self, content: bytes, headers: Headers = FORM, method: str = "POST"
    ) -> RecordedResponse:
        """Send any request to the endpoint."""
        return await run(self.endpoint, http(method, "/logout", headers), body(content))
