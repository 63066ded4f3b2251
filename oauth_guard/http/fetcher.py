"""One exchange over HTTP, bounded in time and size."""

import asyncio
import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.request import getproxies

import httpx

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http.client import HTTPClient, HTTPResponse, check_client
from oauth_guard.http.ssrf_transport import SSRFTransport
from oauth_guard.jose.strict_json import parse_object

__all__ = ["Document", "Fetcher", "HTTPClient", "HTTPResult"]

_log = logging.getLogger("oauth_guard")

_MAX_DOCUMENT_BYTES = 512 * 1024
_MAX_ANSWER_BYTES = 64 * 1024
_OK, _BAD_REQUEST = 200, 400
_PROXIED = {"http", "https", "all"}
# Compressed, a small answer could be a large one.
_HEADERS = {
    "accept": "application/json",
    "accept-encoding": "identity",
    "user-agent": "oauth_guard",
}
_FORM = {"content-type": "application/x-www-form-urlencoded"}
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})\"?(?:$|[\s,])", re.IGNORECASE)
_SECONDS = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Document:
    """What an issuer publishes.

    Attributes:
        members: The JSON object.
        media_type: What the answer said it was, lower case, without parameters.
        max_age: For how many seconds it may be kept, if the answer said so.
    """

    members: Mapping[str, Any]
    media_type: str
    max_age: float | None


@dataclass(frozen=True, slots=True, repr=False)
class HTTPResult:
    """What an issuer answered.

    Attributes:
        status: The HTTP status.
        media_type: What the answer said it was, lower case, without parameters.
        body: The body, where the status is one that is read on.
        max_age: For how many seconds it may be kept, if the answer said so.
        retry_after: After how many seconds to ask again, if the answer said so.
    """

    status: int
    media_type: str
    body: bytes
    max_age: float | None
    retry_after: float | None


class Fetcher:
    """Talks to one issuer; a client of its own is opened at first use.

    The client belongs to the event loop that runs: under another loop another one is opened.
    It connects to *origins*, which were configured, wherever they are, and to others only on
    the Internet. A client that was handed in, or a proxy, chooses its own addresses.

    Args:
        issuer: Whom an outage is laid to.
        client: A client that was handed in, if any.
        origins: The hosts that were configured, each with its port.
        connections: How many connections of its own client stay open between exchanges.

    Raises:
        ConfigurationError: The client that was handed in is not async.
    """

    def __init__(
        self,
        issuer: str,
        client: HTTPClient | None,
        origins: frozenset[tuple[str, int]],
        *,
        connections: int = 0,
    ) -> None:
        if client is not None:
            check_client(client)
        self._issuer = issuer
        self._given = client
        self._origins = origins
        self._connections = connections
        self._own: tuple[asyncio.AbstractEventLoop, HTTPClient] | None = None

    async def get(self, url: str) -> Document:
        """Return the JSON object at *url*: status 200, no redirect, 512 KiB, not compressed.

        The time that this takes is the caller's to bound.

        Raises:
            IssuerUnavailable: Nobody answered, or not with such an object.
        """
        answer = await self._exchange("GET", url, _HEADERS, None, {_OK}, _MAX_DOCUMENT_BYTES)
        members = _members(answer.body) if answer.status == _OK else None
        if members is None:
            raise IssuerUnavailable(self._issuer, Reason.BAD_RESPONSE)
        return Document(members, answer.media_type, answer.max_age)

    async def post(self, url: str, form: bytes, headers: Mapping[str, str]) -> HTTPResult:
        """Send a *form* to *url*, and return what is answered: no redirect, 64 KiB at most.

        Only the bodies of 200 and 400 are read. The time is the caller's to bound.

        Raises:
            IssuerUnavailable: Nobody answered, or the answer broke off or is too long.
        """
        sent = {**_HEADERS, **_FORM, **headers}
        return await self._exchange("POST", url, sent, form, {_OK, _BAD_REQUEST}, _MAX_ANSWER_BYTES)

    async def aclose(self) -> None:
        """Close the client that was opened here; one that was handed in stays open."""
        if self._own is not None:
            (loop, client), self._own = self._own, None
            if loop is asyncio.get_running_loop():  # it kept no connection in another one
                await client.aclose()

    def _client(self) -> HTTPClient:
        if self._given is not None:
            return self._given
        loop = asyncio.get_running_loop()
        if self._own is None or self._own[0] is not loop:
            self._own = (loop, self._open())
        return self._own[1]

    def _open(self) -> HTTPClient:
        if _PROXIED & getproxies().keys():  # which has NO_PROXY as "no"
            limits = httpx.Limits(max_keepalive_connections=self._connections)
            return httpx.AsyncClient(timeout=None, limits=limits)  # noqa: S113 - the caller bounds it
        transport = SSRFTransport(self._origins, connections=self._connections)
        return httpx.AsyncClient(timeout=None, transport=transport)  # noqa: S113 - the caller bounds it

    async def _exchange(  # noqa: PLR0913, PLR0917 - what HTTP needs, from two callers
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        read: Collection[int],
        max_bytes: int,
    ) -> HTTPResult:
        """Return the answer, its body if its status is one of *read*."""
        answered = False
        try:
            async with self._client().stream(
                method, url, headers=headers, content=content, follow_redirects=False
            ) as response:
                answered = True
                wanted = response.status_code in read
                return _answer(response, await self._body(response, max_bytes) if wanted else b"")
        except IssuerUnavailable:
            raise
        except (TimeoutError, httpx.TimeoutException):
            reason = Reason.TIMED_OUT
        except Exception as error:  # noqa: BLE001 - a client may fail in ways of its own: a host
            # that IDNA refuses, a proxy that can't be read, a pool of another loop
            reason = Reason.BAD_RESPONSE if answered else Reason.UNREACHABLE
            # Only of what failed before anything was sent can the text hold nothing of a form.
            unsent = isinstance(error, ConnectionError | httpx.ConnectError)
            told = repr(error) if unsent else type(error).__name__
            _log.warning("%s: nobody answers at %.200s: %.200s", self._issuer, url, told)
        # Out here nothing hangs on it: a client's own error holds the request, form and all.
        raise IssuerUnavailable(self._issuer, reason)

    async def _body(self, response: HTTPResponse, max_bytes: int) -> bytes:
        encoding = response.headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise IssuerUnavailable(self._issuer, Reason.BAD_RESPONSE)
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > max_bytes:
                raise IssuerUnavailable(self._issuer, Reason.BAD_RESPONSE)
        return bytes(body)


def _members(body: bytes) -> dict[str, Any] | None:
    try:
        return parse_object(body)
    except ValueError:
        return None


def _answer(response: HTTPResponse, body: bytes) -> HTTPResult:
    max_age = _MAX_AGE.search(response.headers.get("cache-control", ""))
    return HTTPResult(
        status=response.status_code,
        media_type=response.headers.get("content-type", "").partition(";")[0].strip().lower(),
        body=body,
        max_age=float(max_age[1]) if max_age else None,
        retry_after=_retry_after(response.headers) if response.status_code != _OK else None,
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read seconds, or a moment by the clock of whoever answered (RFC 9110 §10.2.3)."""
    value = headers.get("retry-after", "")
    if _SECONDS.fullmatch(value):
        return float(value)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError, OverflowError):  # missing, no date, or one without a zone
        return None
    return max(wait.total_seconds(), 0)
