"""StatusApi: an API whose issuer publishes a status list, and its tokens."""

import base64
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from oauth_guard.issuers.status_lists import StatusLists
from oauth_guard.testing import SigningKey
from tests.acceptance.standards.api import ISSUER, NOW, Api
from tests.acceptance.standards.recorded_response import RecordedResponse

URI = f"{ISSUER}/statuslists/1"
ONE_BIT, TWO_BITS = "eNrbuRgAAhcBXQ", "eNo76fITAAPfAgc"
TYPE = "application/statuslist+jwt"


class StatusApi(Api):
    """The API of the matrix with status lists.

    Args:
        settings: Options of `StatusLists`.

    Attributes:
        requests: The requests for lists, in order.
        respond: Returns the response to such a request.
        lists: The status lists under test.
    """

    def __init__(self, **settings: Any) -> None:
        self.requests: list[httpx.Request] = []
        self.respond: Callable[[], httpx.Response] = lambda: self.response(self.list_token())
        super().__init__()
        options: dict[str, Any] = {
            "http": httpx.AsyncClient(transport=httpx.MockTransport(self._respond)),
            "clock": self._clock,
            "monotonic": self._clock,
            **settings,
        }
        issuer = self.jwt_issuer()
        self.lists = StatusLists(issuer, **options)
        super().__init__(guard={"issuers": [issuer], "status_lists": self.lists})

    def list_token(
        self,
        bits: object = 1,
        lst: object = ONE_BIT,
        *,
        header: Mapping[str, Any] | None = None,
        key: SigningKey | None = None,
        **changes: Any,
    ) -> str:
        """Return a status list token with changes to its claims; None removes a claim."""
        claims = {
            "sub": URI,
            "iat": NOW,
            "ttl": 60,
            "status_list": {"bits": bits, "lst": lst},
        } | changes
        present = {name: value for name, value in claims.items() if value is not None}
        head = {"typ": "statuslist+jwt"} if header is None else header
        return (key or self.authority.keys[0]).sign(json.dumps(present).encode(), head)

    def response(self, token: str, **headers: str) -> httpx.Response:
        """Return the response with a list."""
        return httpx.Response(200, text=token, headers={"content-type": TYPE, **headers})

    async def at(self, index: object, uri: object = URI, **changes: Any) -> RecordedResponse:
        """Send a request with a token that refers to *index* of a list."""
        status = {"status_list": {"idx": index, "uri": uri}}
        return await self.get("/r", self.token(**{"status": status, **changes}))

    def _respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.respond()


def compressed(statuses: bytes) -> str:
    """Return *statuses* as `lst`."""
    return base64.urlsafe_b64encode(zlib.compress(statuses, 9)).rstrip(b"=").decode()
