"""One JSON document over HTTP, bounded in time and size; the only room that knows httpx."""

import asyncio
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from socket import SOCK_STREAM
from typing import Any, TypeAlias
from urllib.request import getproxies

import httpx

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.protocol.addresses import is_public_address
from oauth_guard.protocol.strict_json import parse_object

__all__ = ["Document", "Fetcher", "HTTPClient"]

HTTPClient: TypeAlias = httpx.AsyncClient
"""The client that asks issuers; hand in your own for proxies, certificates or pools."""

_log = logging.getLogger("oauth_guard")

_MAX_BYTES = 512 * 1024
_OK = 200
_HTTPS_PORT = 443
_PROXIED = {"http", "https", "all"}
_CONNECT_SECONDS = 2  # for each address, so that a dead one leaves time for the next
# Compressed, a small answer could be a large one.
_HEADERS = {
    "accept": "application/json",
    "accept-encoding": "identity",
    "user-agent": "oauth_guard",
}
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})\"?(?:$|[\s,])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Document:
    """What an issuer answered.

    Attributes:
        members: The JSON object.
        media_type: What the answer said it was, lower case, without parameters.
        max_age: For how many seconds it may be kept, if the answer said so.
    """

    members: Mapping[str, Any]
    media_type: str
    max_age: float | None


class Fetcher:
    """Fetches the documents of one issuer; a client of its own is opened at first use.

    The client belongs to the event loop that runs: under another loop another one is opened.
    It connects to *hosts*, which were configured, wherever they are, and to others only on the
    Internet. A client that was handed in, or a proxy, chooses its own addresses.
    """

    def __init__(self, issuer: str, client: HTTPClient | None, hosts: frozenset[str]) -> None:
        self._issuer = issuer
        self._given = client
        self._hosts = hosts
        self._own: tuple[asyncio.AbstractEventLoop, HTTPClient] | None = None

    async def get(self, url: str) -> Document:
        """Return the JSON object at *url*: status 200, no redirect, 512 KiB, not compressed.

        The time that this takes is the caller's to bound.

        Raises:
            IssuerUnavailable: Nobody answered, or not with such an object.
        """
        try:
            async with self._client().stream(
                "GET", url, headers=_HEADERS, follow_redirects=False
            ) as response:
                return self._read(response, await self._body(response))
        except IssuerUnavailable:
            raise
        except httpx.TimeoutException:
            raise IssuerUnavailable(self._issuer, Reason.TIMED_OUT) from None
        except Exception as error:  # noqa: BLE001 - a client may fail in ways of its own: a host
            # that IDNA refuses, a proxy that can't be read, a pool of another loop
            _log.warning("%s: nobody answers at %.200s: %.200r", self._issuer, url, error)
            raise IssuerUnavailable(self._issuer, Reason.UNREACHABLE) from None

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
            proxied = _PROXIED & getproxies().keys()  # which has NO_PROXY as "no"
            transport = None if proxied else _GuardedTransport(self._hosts)
            # The caller bounds the time.
            self._own = (loop, httpx.AsyncClient(timeout=None, transport=transport))  # noqa: S113
        return self._own[1]

    async def _body(self, response: httpx.Response) -> bytes:
        encoding = response.headers.get("content-encoding", "identity")
        if response.status_code != _OK or encoding.lower() != "identity":
            raise IssuerUnavailable(self._issuer, Reason.BAD_ANSWER)
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _MAX_BYTES:
                raise IssuerUnavailable(self._issuer, Reason.BAD_ANSWER)
        return bytes(body)

    def _read(self, response: httpx.Response, body: bytes) -> Document:
        try:
            members = parse_object(body)
        except ValueError:
            raise IssuerUnavailable(self._issuer, Reason.BAD_ANSWER) from None
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        max_age = _MAX_AGE.search(response.headers.get("cache-control", ""))
        return Document(members, media_type, float(max_age[1]) if max_age else None)


class _GuardedTransport(httpx.AsyncBaseTransport):
    """Connects where an issuer may be, so that no document sends us into our own network.

    A name is looked up once: what was found good is what is connected to.
    """

    def __init__(self, hosts: frozenset[str]) -> None:
        self._hosts = hosts
        # What is asked this seldom needs no open connection.
        self._transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.raw_host.decode("ascii")
        if host in self._hosts:
            return await self._transport.handle_async_request(request)
        addresses = await _public_addresses(host, request.url.port)
        # The certificate must still be for the name (RFC 9110 §4.3.4).
        request.extensions = {
            **request.extensions,
            "sni_hostname": host,
            "timeout": {"connect": _CONNECT_SECONDS},
        }
        for address in addresses[:-1]:
            request.url = request.url.copy_with(host=address)
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._transport.handle_async_request(request)
        request.url = request.url.copy_with(host=addresses[-1])
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()


async def _public_addresses(host: str, port: int | None) -> list[str]:
    """Look *host* up; one address in our own network spoils them all."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port or _HTTPS_PORT, type=SOCK_STREAM)
    addresses = [str(address[0]) for *_, address in found]
    if not all(map(is_public_address, addresses)):
        raise httpx.ConnectError("the address is not public, and the host not configured")
    return addresses
