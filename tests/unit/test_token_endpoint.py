"""TokenEndpoint: a response for each outcome, and what its two kinds do in an outage."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias

import httpx
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
from oauth_guard.stores.replays import MemoryOnce
from oauth_guard.token_endpoint import TokenEndpoint
from tests.acceptance.standards.api import Api
from tests.acceptance.standards.recorded_response import RecordedResponse, body, http, run
from tests.builders.event_api import EventApi
from tests.builders.logout_api import LogoutApi

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


class _FailingOnce(MemoryOnce):
    """A store that fails once."""

    failures = 1

    async def claim(self, key: bytes, seconds: float) -> bool:
        """Raise at the first call."""
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("closed")
        return await super().claim(key, seconds)


_Sending: TypeAlias = tuple[Api, Callable[[], Awaitable[RecordedResponse]]]


def _logout(**settings: Any) -> _Sending:
    api = LogoutApi(**settings)
    return api, partial(api.log_out, api.logout_token())


def _event(**settings: Any) -> _Sending:
    api = EventApi(**settings)
    return api, partial(api.push, api.event())


@pytest.mark.parametrize(
    ("kind", "noun"),
    [(_logout, "a logout token"), (_event, "a security event")],
    ids=["logout", "event"],
)
async def test_token_can_be_sent_again_after_an_outage_of_the_keys(
    kind: Callable[..., _Sending], noun: str
) -> None:
    """503 is not the sender's fault."""
    api, send = kind()
    api.authority.outage = lambda _: httpx.Response(500)
    response = await send()
    assert (response.status, response.body) == (503, b"")
    assert f"{noun} was not processed" in response.log


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [(_logout, [503, 200, 400]), (_event, [503, 202, 202])],
    ids=["logout", "event"],
)
async def test_token_can_be_sent_again_after_an_outage_of_the_store(
    kind: Callable[..., _Sending], statuses: list[int]
) -> None:
    """It has taken effect by then, and the second time it is claimed."""
    api, send = kind(once=_FailingOnce())
    assert [(await send()).status for _ in statuses] == statuses
    assert (await api.get("/r", api.token(sid="s1"))).status == 401


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
