"""ClientDocuments: fetches and caches the metadata documents of clients, within limits."""

import asyncio
import logging
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from demo_api.authorization_server.client_document import (
    DescribedClient,
    InvalidDocumentError,
    read_document,
)
from oauth_guard.http.ssrf_transport import SSRFTransport

_LARGEST = 5 * 1024  # bytes, as section 8.7 recommends
_SECONDS = 5  # for one document, from the first byte sent to the last received
_CACHED_SECONDS, _LONGEST_CACHED = 300, 3600
_DOCUMENTS_CACHED = 1000
_AT_ONCE, _AT_ONCE_FROM_ONE_HOST = 32, 2
# Compression is refused: a few compressed bytes can expand to gigabytes.
_HEADERS = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "demo"}
_JSON = re.compile(r"application/([a-z0-9.+-]+\+)?json")
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})\"?(?:$|[\s,])")
_NOT_CACHED = re.compile(r"(?:^|[\s,])(no-store|no-cache)(?:$|[\s,=])")
_URL = re.compile(r"https?://[a-z0-9.\-:\[\]]+/[A-Za-z0-9\-._~:/?@!$&'()*+,;=%]*")
_DOTS = re.compile(r"/(\.|%2e){1,2}(/|$)", re.IGNORECASE)
_LONGEST_URL = 500

_log = logging.getLogger("demo_api")


class ClientDocumentError(Exception):
    """A document can't be used; the message is for the caller, *status* is that of the page."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def is_client_url(client_id: str) -> bool:
    """Return whether *client_id* is a URL, and so not the identifier of a registered client."""
    return client_id.lower().startswith(("https://", "http://"))


class ClientDocuments:
    """The documents of clients (draft-ietf-oauth-client-id-metadata-document-02).

    A document is fetched by https from hosts whose addresses are all public, as issuers' keys are,
    and from *local* ones at any address. No redirect is followed. An error is not cached.

    Args:
        local: Host and port of each configured server of documents, which may also use http.
        clock: Returns monotonic seconds.
    """

    def __init__(
        self,
        local: frozenset[tuple[str, int]] = frozenset(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._local = local
        self._clock = clock
        self._http: httpx.AsyncClient | None = None
        self._cached: OrderedDict[str, tuple[DescribedClient, float]] = OrderedDict()
        self._under_way: Counter[str] = Counter()

    async def find(self, client_id: str) -> DescribedClient:
        """Return the client at the URL *client_id*.

        Raises:
            ClientDocumentError: It is no such URL, no document can be fetched there, or the
                document is not valid. What exactly failed at the host is in the log only.
        """
        host = self._check_url(client_id)
        cached = self._cached.get(client_id)
        if cached is not None and self._clock() < cached[1]:
            return cached[0]
        self._cached.pop(client_id, None)
        with self._slot(host):
            response, body = await self._fetch(client_id)
        try:
            client = read_document(body, client_id)
        except InvalidDocumentError as error:
            raise ClientDocumentError(
                f"The client's metadata document is not valid: {error}"
            ) from None
        self._cache(client_id, client, response.headers.get("cache-control", "").lower())
        return client

    def _check_url(self, url: str) -> str:
        """Return the host of *url*, or raise ClientDocumentError (sections 3 and 8.6)."""
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            parts, port = urlsplit(""), 0
        if not _URL.fullmatch(url) or len(url) > _LONGEST_URL or not parts.hostname:
            raise ClientDocumentError(
                "The client_id is a URL that a metadata document can't have: it needs a path, and "
                "no user, no fragment and no upper-case letter in its host."
            )
        if _DOTS.search(parts.path):
            raise ClientDocumentError("The path of the client_id has a component of dots.")
        if parts.scheme != "https" and (parts.hostname, port) not in self._local:
            raise ClientDocumentError("The client_id must be an https URL.")
        return parts.hostname

    @contextmanager
    def _slot(self, host: str) -> Iterator[None]:
        """Limit the fetches that are under way, so that slow hosts don't occupy the server."""
        if self._under_way.total() >= _AT_ONCE or self._under_way[host] >= _AT_ONCE_FROM_ONE_HOST:
            raise ClientDocumentError("Too many documents are being fetched.", 503)
        self._under_way[host] += 1
        try:
            yield
        finally:
            self._under_way[host] -= 1
            self._under_way += Counter()  # removes the hosts with none

    async def _fetch(self, url: str) -> tuple[httpx.Response, bytes]:
        """Return the response and its body, or raise ClientDocumentError."""
        try:
            async with (
                asyncio.timeout(_SECONDS),
                self._client().stream("GET", url, headers=_HEADERS) as response,
            ):
                problem, body = _problem(response), bytearray()
                async for chunk in response.aiter_raw():
                    body += chunk
                    if problem or len(body) > _LARGEST:
                        problem = problem or f"more than {_LARGEST} bytes"
                        break
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            # The text of a connection error has no part of a response.
            text = f": {error}" if isinstance(error, httpx.ConnectError) else ""
            problem = f"{type(error).__name__}{text}"
        if problem:
            _log.warning("the metadata document at %.200s was not fetched: %.200s", url, problem)
            raise ClientDocumentError("The client's metadata document can't be fetched.")
        return response, bytes(body)

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            transport = SSRFTransport(self._local, connections=0)
            self._http = httpx.AsyncClient(transport=transport, timeout=None)  # noqa: S113 - see _SECONDS
        return self._http

    def _cache(self, url: str, client: DescribedClient, cache_control: str) -> None:
        """Cache *client* for the time that its host allows, an hour at most (section 5.2)."""
        if _NOT_CACHED.search(cache_control):
            return
        max_age = _MAX_AGE.search(cache_control)
        seconds = min(int(max_age[1]), _LONGEST_CACHED) if max_age else _CACHED_SECONDS
        self._cached[url] = (client, self._clock() + seconds)
        if len(self._cached) > _DOCUMENTS_CACHED:
            self._cached.popitem(last=False)


def _problem(response: httpx.Response) -> str:
    """Return what is wrong with the head of *response*, or an empty text (section 5)."""
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status_code != httpx.codes.OK:
        return f"status {response.status_code}"
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        return "compressed"
    return "" if _JSON.fullmatch(media_type) else "not JSON"
