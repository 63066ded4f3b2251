"""An endpoint for signed tokens: a response for each outcome, whatever the token is about."""

from typing import Any

import pytest

from oauth_guard import ConfigurationError, Guard, JWTIssuer
from oauth_guard.deny_list import DenyList
from oauth_guard.errors import (
    InvalidRequest,
    InvalidToken,
    IssuerUnavailable,
    Reason,
    StoreUnavailable,
)
from oauth_guard.token_endpoint import TokenEndpoint
from tests.acceptance.standards.recorded_response import body, http, run

_ISSUER = JWTIssuer("https://login.example.com")
_OUTAGE = IssuerUnavailable(_ISSUER.issuer, Reason.UNREACHABLE)


class _Endpoint(TokenEndpoint):
    """An endpoint whose tokens have the outcome that the test sets."""

    accepted = 202
    noun = "a token of the test"
    error_fields = ((b"content-type", b"text/plain"),)
    outcome: Exception | None = None

    async def _process(self, *_: object) -> None:
        if self.outcome is not None:
            raise self.outcome

    def _error(self, reason: Reason) -> bytes:
        return reason.encode()


def _endpoint(outcome: Exception | None = None, **settings: Any) -> _Endpoint:
    guard = Guard("https://api.example.com", [_ISSUER], **{"deny_list": DenyList(), **settings})
    endpoint = _Endpoint(guard, _ISSUER, "receiver", None)
    endpoint.outcome = outcome
    return endpoint


@pytest.mark.parametrize(
    ("outcome", "status", "content", "log"),
    [
        (None, 202, b"", ""),
        (InvalidToken(Reason.EXPIRED), 400, b"expired", "a token of the test was rejected"),
        (
            InvalidRequest(Reason.MALFORMED_CREDENTIALS),
            400,
            b"malformed_credentials",
            "a token of the test was rejected",
        ),
        (_OUTAGE, 503, b"", "a token of the test was not processed"),
        (StoreUnavailable("closed"), 503, b"", "a token of the test was not processed"),
    ],
)
async def test_status_says_whether_the_sender_should_send_the_token_again(
    outcome: Exception | None, status: int, content: bytes, log: str
) -> None:
    """503 for what may pass, 400 for what stays wrong; the reason is in the log."""
    response = await run(_endpoint(outcome), http("POST", "/events"), body(b"token"))
    assert (response.status, response.body) == (status, content)
    assert response.lines("content-type") == (["text/plain"] if content else [])
    assert response.lines("cache-control") == ["no-store"]
    assert log in response.log


async def test_method_other_than_post_is_rejected() -> None:
    """405, with the method that is allowed."""
    response = await run(_endpoint(), http("GET", "/events"), body())
    assert (response.status, response.lines("allow")) == (405, ["POST"])


async def test_websocket_is_a_mistake_of_the_operator() -> None:
    """The text names the class."""
    with pytest.raises(ConfigurationError, match="_Endpoint serves HTTP requests only"):
        await _endpoint()({"type": "websocket"}, None, None)  # type: ignore[arg-type]


def test_guard_without_a_deny_list_is_rejected() -> None:
    """There is nothing to revoke on."""
    with pytest.raises(ConfigurationError, match="_Endpoint needs Guard"):
        _endpoint(deny_list=None)
