"""StatusLists: tokens that their issuer lists as revoked or suspended are rejected."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from functools import partial

from oauth_guard.byte_budget import ByteBudget
from oauth_guard.errors import ConfigurationError, InvalidToken, IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Fetcher, HTTPClient, HTTPResult
from oauth_guard.identity_cache import ValidatedToken
from oauth_guard.interfaces import Clock
from oauth_guard.issuers.jwt import JWTIssuer
from oauth_guard.jose.jws import parse_jws
from oauth_guard.log_limit import LogLimit
from oauth_guard.protocol.settings import checked_settings
from oauth_guard.protocol.status_list import (
    STATUS_LIST,
    StatusList,
    StatusReference,
    read_status_list,
    status_reference,
)
from oauth_guard.protocol.urls import origins_of, parse_url
from oauth_guard.single_flight import Singleflight
from oauth_guard.ttl_cache import TTLCache

__all__ = ["StatusLists"]

_OK = 200
_DEADLINE = 5  # seconds
_RETRY_AFTER = 1  # seconds
_DEFAULT_TTL, _MAX_TTL = 300.0, 86_400.0  # seconds
_MAX_LISTS, _MAX_BYTES = 1000, 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, repr=False)
class _Failure:
    """Why a list could not be fetched."""

    reason: Reason


@checked_settings
class StatusLists:
    """The status lists of one issuer (Token Status List, draft 21). Experimental.

    Each request of a token with a `status` claim is checked against the list that it refers to,
    cache hits included. Only status 0x00 is accepted. A list is fetched when it is first needed,
    and again after its `ttl` or `exp`; without both, after the `max-age` of its response, or 300
    seconds. Without a current list the response is 503.

    Args:
        issuer: The issuer of the tokens, whose keys also sign the lists. Tokens of other issuers
            are not checked.
        origins: The origins where its lists are, such as `"https://status.example.com"`, besides
            that of the issuer. A list of another origin is not fetched.
        required: Reject tokens of this issuer without a `status` claim.
        http: The client to fetch with; by default one that this library creates.
        clock: Returns seconds since the epoch.
        monotonic: Returns monotonic seconds.

    Raises:
        ConfigurationError: One of *origins* is no https URL.
    """

    def __init__(  # noqa: PLR0913 - settings, each by keyword and with a default
        self,
        issuer: JWTIssuer,
        *,
        origins: Iterable[str] = (),
        required: bool = False,
        http: HTTPClient | None = None,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        if not isinstance(issuer, JWTIssuer):
            raise ConfigurationError("StatusLists takes the JWTIssuer whose keys sign the lists.")
        urls = tuple(origins)
        for url in urls:
            parse_url(url, setting="origins")
        self._origins = origins_of(issuer.issuer, *urls)
        self._issuer, self._required = issuer, required
        self._fetcher = Fetcher(issuer.issuer, http, self._origins)
        self._clock, self._monotonic = clock, monotonic
        self._lists: TTLCache[StatusList] = TTLCache(
            _MAX_LISTS, budget=ByteBudget(_MAX_BYTES), clock=monotonic
        )
        self._failures: TTLCache[_Failure] = TTLCache(_MAX_LISTS, clock=monotonic)
        self._fetches: Singleflight[str, StatusList | _Failure] = Singleflight(
            closed=_Failure(Reason.UNREACHABLE)
        )
        self._log = LogLimit(monotonic)

    def check(self, validated: ValidatedToken, now: float) -> Awaitable[None] | None:
        """Raise if the token is listed; return what to await if its list must be fetched.

        Raises:
            InvalidToken: Its status is not valid, or its `status` claim is malformed or missing.
            IssuerUnavailable: Its list is of another origin, or could not be fetched a second ago.
        """
        if validated.identity.issuer != self._issuer.issuer:
            return None
        reference = status_reference(validated.identity.claims)
        if reference is None:
            if self._required:
                raise InvalidToken(Reason.MISSING_CLAIM).about(claim="status")
            return None
        found = self._lists.get(reference.uri.encode("utf-8", "surrogatepass"))
        if found is None or (found.expires_at is not None and now >= found.expires_at):
            return self._fetch_and_check(reference)
        _check_status(found, reference)
        return None

    async def load(self) -> None:
        """Do nothing: only the tokens name their lists."""

    async def aclose(self) -> None:
        """Stop what is being fetched, and close connections; the next use opens new ones."""
        await self._fetches.aclose()
        await self._fetcher.aclose()

    async def _fetch_and_check(self, reference: StatusReference) -> None:
        uri = reference.uri
        key = uri.encode("utf-8", "surrogatepass")
        outcome: StatusList | _Failure | None = self._failures.get(key)
        if outcome is None:
            outcome = await self._fetches.run(uri, partial(self._fetch, uri, key))
        if isinstance(outcome, _Failure):
            raise IssuerUnavailable(self._issuer.issuer, outcome.reason)
        _check_status(outcome, reference)

    async def _fetch(self, uri: str, key: bytes) -> StatusList | _Failure:
        """Return the list at *uri*, or why there is none, which is remembered for a second."""
        reason = Reason.BAD_RESPONSE
        problem = ""
        try:
            self._check_origin(uri)
            async with asyncio.timeout(_DEADLINE):
                result = await self._fetcher.get_text(uri, STATUS_LIST)
                found = await self._read(result, uri)
            self._lists.put(key, found, self._seconds(found, result.max_age), len(found.statuses))
        except TimeoutError:
            reason = Reason.TIMED_OUT
        except IssuerUnavailable as error:
            reason = error.reason
        except (ValueError, InvalidToken) as error:
            problem = str(error)
        else:
            return found
        failure = _Failure(reason)
        self._failures.put(key, failure, _RETRY_AFTER)
        message = "%s: a status list can't be used: %s"
        self._log.log(logging.ERROR, reason, message, self._issuer.issuer, problem or reason)
        return failure

    def _check_origin(self, uri: str) -> None:
        origins = origins_of(uri)
        if not origins or not origins <= self._origins:
            raise ValueError("its origin is not in origins=")

    async def _read(self, result: HTTPResult, uri: str) -> StatusList:
        if result.status != _OK or result.media_type != STATUS_LIST:
            raise ValueError("the response is no status list token")
        signed = parse_jws(result.body.decode("ascii").strip())
        found = read_status_list(signed, uri, self._clock())
        await self._issuer.verify(signed, unnamed=True)
        return found

    def _seconds(self, found: StatusList, max_age: float | None) -> float:
        """Return for how long *found* is cached: `ttl` and `exp` precede HTTP (§8.2, §13.7)."""
        left = _MAX_TTL if found.expires_at is None else found.expires_at - self._clock()
        if found.ttl is not None:
            return min(found.ttl, left, _MAX_TTL)
        if found.expires_at is not None:
            return min(left, _MAX_TTL)
        return min(_DEFAULT_TTL if max_age is None else max_age, _MAX_TTL)


def _check_status(found: StatusList, reference: StatusReference) -> None:
    if not found.is_valid(reference.position):
        raise InvalidToken(Reason.REVOKED)
