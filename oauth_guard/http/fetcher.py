"""Fetcher: one HTTP request to an issuer, with a limit on the size of the response."""

import asyncio
import logging
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.http.client import HTTPClient, HTTPResponse, check_client
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.log_limit import LogLimit
from oauth_guard.protocol.freshness import CACHE_FIELDS

__all__ = ["JSON", "JWK_SET", "Document", "Fetcher", "HTTPClient", "HTTPResult"]

JSON = "application/json"
"""The media type of metadata, and of introspection responses."""

JWK_SET = f"application/jwk-set+json, {JSON}"
"""The media types of a JWK Set, in an `Accept` field (RFC 7517 §8.5, RFC 9110 §12.5.1)."""

_MAX_DOCUMENT_BYTES = 512 * 1024
_MAX_RESULT_BYTES = 64 * 1024
_MAX_TEXT_BYTES = 1024 * 1024
_OK = 200
_READ = {200, 400, 401}  # where OAuth defines a body (RFC 6749 §5.2)
# Compression is refused: a few compressed bytes can expand to gigabytes.
_HEADERS = {
    "accept": JSON,
    "accept-encoding": "identity",
    "user-agent": "oauth_guard",
}
_FORM = {"content-type": "application/x-www-form-urlencoded"}
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})\"?(?:$|[\s,])", re.IGNORECASE)
_SECONDS = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document that an issuer publishes.

    Attributes:
        members: The members of the JSON object.
        media_type: The media type, in lower case, without parameters; empty if not sent.
        max_age: `Cache-Control: max-age` in seconds (RFC 9111 §5.2.2.1), if sent.
    """

    members: Mapping[str, Any]
    media_type: str
    max_age: float | None


@dataclass(frozen=True, slots=True, repr=False)
class HTTPResult:
    """The response of an issuer.

    Attributes:
        status: The HTTP status code.
        media_type: The media type, in lower case, without parameters; empty if not sent.
        body: The body; empty for a status whose body is not read.
        max_age: `Cache-Control: max-age` in seconds (RFC 9111 §5.2.2.1), if sent.
        retry_after: `Retry-After` in seconds (RFC 9110 §10.2.3), if sent; None for status 200.
        dpop_nonce: `DPoP-Nonce` (RFC 9449 §8), if sent.
        cache_fields: The fields of `freshness` that were sent, by their names in lower case.
    """

    status: int
    media_type: str
    body: bytes
    max_age: float | None
    retry_after: float | None
    dpop_nonce: str | None = None
    cache_fields: Mapping[str, str] = field(default_factory=dict)


class Fetcher:
    """Sends requests to one issuer; without a *client* it opens its own at first use.

    Its own client belongs to the running event loop: under another loop a new one is opened.
    It connects to configured *origins* at any address, and to other hosts at public addresses
    only. The addresses that a supplied client or a proxy connects to are not checked.

    Args:
        issuer: The issuer that errors and log messages name.
        client: The client passed as `http=`, if any.
        origins: The configured hosts, each with its port.
        connections: How many idle connections its own client keeps open.

    Raises:
        ConfigurationError: *client* is not an async HTTP client.
    """

    def __init__(
        self,
        issuer: str,
        client: HTTPClient | None,
        origins: frozenset[tuple[str, int]],
        *,
        connections: int = 0,
    ) -> None:
        if client is None:
            _opener()  # imports httpx here, so that the first request does not wait for it
        else:
            check_client(client)
        self._issuer = issuer
        self._supplied = client
        self._origins = origins
        self._connections = connections
        self._log = LogLimit()
        self._own: tuple[asyncio.AbstractEventLoop, HTTPClient] | None = None

    async def get(self, url: str, accept: str = JSON) -> Document:
        """Return the JSON object at *url*, requested with the media types *accept*.

        The response must have status 200, at most 512 KiB and no compression; its media type is
        not checked. No redirect is followed. There is no deadline here: the caller sets one.

        Raises:
            IssuerUnavailable: No response, or a response without such an object.
        """
        headers = {**_HEADERS, "accept": accept}
        result = await self._exchange("GET", url, headers, None, {_OK}, _MAX_DOCUMENT_BYTES)
        members = _members(result.body) if result.status == _OK else None
        if members is None:
            problem = "no JSON object" if result.status == _OK else str(result.status)
            raise self._bad_response(url, problem)
        return Document(members, result.media_type, result.max_age)

    async def get_text(self, url: str, accept: str) -> HTTPResult:
        """Return the response at *url*, requested with the media type *accept*.

        The body of status 200 is read, at most 1 MiB. No redirect is followed. There is no
        deadline here: the caller sets one.

        Raises:
            IssuerUnavailable: No response, or one that is incomplete, compressed or too long.
        """
        headers = {**_HEADERS, "accept": accept}
        return await self._exchange("GET", url, headers, None, {_OK}, _MAX_TEXT_BYTES)

    async def post(self, url: str, form: bytes, headers: Mapping[str, str]) -> HTTPResult:
        """Send *form* to *url* by POST, and return the response, whatever its status.

        Only the bodies of 200, 400 and 401 are read, at most 64 KiB. No redirect is followed. There
        is no deadline here: the caller sets one.

        Raises:
            IssuerUnavailable: No response, or one that is incomplete, compressed or too long.
        """
        sent = {**_HEADERS, **_FORM, **headers}
        return await self._exchange("POST", url, sent, form, _READ, _MAX_RESULT_BYTES)

    async def aclose(self) -> None:
        """Close the client that was opened here; a supplied one stays open."""
        if self._own is not None:
            (loop, client), self._own = self._own, None
            if loop is asyncio.get_running_loop():  # of another loop no connection is left open
                await client.aclose()

    def _client(self) -> HTTPClient:
        if self._supplied is not None:
            return self._supplied
        loop = asyncio.get_running_loop()
        if self._own is None or self._own[0] is not loop:
            self._own = (loop, _opener()(self._origins, connections=self._connections))
        return self._own[1]

    async def _exchange(  # noqa: PLR0913, PLR0917 - the parts of a request
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        read: Collection[int],
        max_bytes: int,
    ) -> HTTPResult:
        """Return the response, with its body if its status is one of *read*."""
        responded = False
        try:
            async with self._client().stream(
                method, url, headers=headers, content=content, follow_redirects=False
            ) as response:
                responded = True
                has_body = response.status_code in read
                body = await self._read_body(response, max_bytes, url) if has_body else b""
                return _result(response, body)
        except IssuerUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a client may raise anything: for a host
            # that IDNA rejects, an invalid proxy URL, a connection pool of another loop
            reason = Reason.BAD_RESPONSE if responded else Reason.UNREACHABLE
            if isinstance(error, TimeoutError) or _is_of_httpx(error, "TimeoutException"):
                reason = Reason.TIMED_OUT
            else:
                # A connection error precedes sending, so its text has no part of the form.
                unsent = isinstance(error, ConnectionError) or _is_of_httpx(error, "ConnectError")
                text = repr(error) if unsent else type(error).__name__
                kind = (method, type(error))
                message = "%s: request to %.200s failed: %.200s"
                self._log.log(logging.WARNING, kind, message, self._issuer, url, text)
        # Raised outside the except block, so that the client's error, which refers to the request
        # and its form, does not become the context of ours.
        raise IssuerUnavailable(self._issuer, reason).about(url=url)

    def _bad_response(self, url: str, problem: str) -> IssuerUnavailable:
        return IssuerUnavailable(self._issuer, Reason.BAD_RESPONSE).about(url=url, response=problem)

    async def _read_body(self, response: HTTPResponse, max_bytes: int, url: str) -> bytes:
        encoding = response.headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise self._bad_response(url, "compressed")
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > max_bytes:
                raise self._bad_response(url, f"more than {max_bytes} bytes")
        return bytes(body)


@cache
def _opener() -> Callable[..., HTTPClient]:
    from oauth_guard.http.own_client import open_client  # noqa: PLC0415 - it imports httpx

    return open_client


def _is_of_httpx(error: Exception, name: str) -> bool:
    """Return whether *error* is the exception *name* of httpx or httpx2. Imports neither."""
    return any(
        each.__name__ == name and each.__module__ in {"httpx", "httpx2"}
        for each in type(error).__mro__
    )


def _members(body: bytes) -> dict[str, Any] | None:
    try:
        return parse_object(body, bounded=False)
    except ValueError:
        return None


def _result(response: HTTPResponse, body: bytes) -> HTTPResult:
    max_age = _MAX_AGE.search(response.headers.get("cache-control", ""))
    return HTTPResult(
        status=response.status_code,
        media_type=response.headers.get("content-type", "").partition(";")[0].strip().lower(),
        body=body,
        max_age=float(max_age[1]) if max_age else None,
        retry_after=_retry_after(response.headers) if response.status_code != _OK else None,
        dpop_nonce=response.headers.get("dpop-nonce"),
        cache_fields={k: response.headers[k] for k in CACHE_FIELDS if k in response.headers},
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After`: seconds, or a date relative to the field `Date` (RFC 9110 §10.2.3)."""
    value = headers.get("retry-after", "")
    if _SECONDS.fullmatch(value):
        return float(value)
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - 3 ms, for few responses

    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError, OverflowError):  # missing, no date, or a date without a zone
        return None
    return max(wait.total_seconds(), 0)
