"""probe(): checks over the network what a configuration names: issuers, policies, the resource."""

import asyncio
import json
import secrets
import ssl
import time
from collections.abc import Awaitable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from oauth_guard.config import Configuration
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.explanations import EXPLANATIONS
from oauth_guard.http.client import HTTPClient
from oauth_guard.http.own_client import open_client
from oauth_guard.http.tls import tls_context
from oauth_guard.interfaces import Clock
from oauth_guard.issuers.policy_decision_point import PolicyDecisionPoint
from oauth_guard.protocol.metadata import metadata_url
from oauth_guard.protocol.raw_token import RawToken

__all__ = ["Finding", "Status", "probe"]

Status: TypeAlias = Literal["ok", "warning", "fault", "skipped"]

_MAX_SKEW = 5  # seconds, the leeway of an issuer by default
_SHORT = 14  # days
_DAY = 86_400
_MAX_DOCUMENT = 64 * 1024
_OK = 200
_PORTS = {"https": 443, "http": 80}


class Finding(NamedTuple):
    """What one probe found.

    Attributes:
        part: What was checked: a place among the settings, such as `issuers[0]`, or `resource`.
        check: The name of the check.
        status: Whether it is well.
        text: What was found, and what to do.
    """

    part: str
    check: str
    status: Status
    text: str


async def probe(
    configuration: Configuration, deadline: float, *, clock: Clock = time.time
) -> list[Finding]:
    """Return what is found about issuers, decision points and resources of *configuration*.

    All probes run at the same time, and each ends after *deadline* seconds. Introspection is
    tried with a random token, and a policy decision point with a random subject. Tenants are not
    checked, since their names are not known. *clock* returns seconds since the epoch.
    """
    probes = list(_probes(configuration, clock))
    found = await asyncio.gather(*(_within(deadline, *each) for each in probes))
    for each in configuration.objects.values():
        if _is_issuer(each) or isinstance(each, PolicyDecisionPoint):
            await each.aclose()
    return found


def _probes(
    configuration: Configuration, clock: Clock
) -> Iterator[tuple[str, str, Awaitable[Finding]]]:
    for part, each in configuration.objects.items():
        if _is_issuer(each):
            yield from _probes_of_issuer(part, each, clock)
        elif isinstance(each, PolicyDecisionPoint):
            yield part, "evaluation", _evaluate(part, each)
            yield part, "certificate", _certificate(part, each.url, clock)
        elif hasattr(each, "resolve"):
            yield part, "tenants", _skipped(part, "tenants", "looked up by name")
    for prefix, guard in configuration.guards.items():
        part = "resource" if prefix == "/" else f"guards.{prefix}"
        if guard.metadata_path is None:
            yield part, "metadata", _skipped(part, "metadata", "metadata = false")
        else:
            yield part, "metadata", _metadata(part, guard.resource)


def _probes_of_issuer(
    part: str, issuer: Any, clock: Clock
) -> Iterator[tuple[str, str, Awaitable[Finding]]]:
    yield part, "keys and metadata", _load(part, issuer)
    if issuer.accepts_opaque and issuer.can_introspect:
        yield part, "introspection", _introspect(part, issuer)
    address = issuer.issuer if _is_url(issuer.issuer) else getattr(issuer, "metadata_issuer", None)
    if address is not None:
        yield part, "clock", _clock(part, address, clock)
        yield part, "certificate", _certificate(part, address, clock)


async def _within(deadline: float, part: str, check: str, finding: Awaitable[Finding]) -> Finding:
    try:
        async with asyncio.timeout(deadline):
            return await finding
    except TimeoutError:
        return Finding(part, check, "fault", f"no response within {deadline:g} s")
    except ssl.SSLCertVerificationError as error:
        return Finding(part, check, "fault", f"the certificate is refused: {error.verify_message}")
    except Exception as error:  # noqa: BLE001 - whatever fails is a finding about this part
        return Finding(part, check, "fault", f"no connection: {type(error).__name__}")


async def _skipped(part: str, check: str, text: str) -> Finding:
    return Finding(part, check, "skipped", text)


async def _load(part: str, issuer: Any) -> Finding:
    try:
        await issuer.load()
    except IssuerUnavailable as error:
        return Finding(part, "keys and metadata", "fault", _advice(error))
    return Finding(part, "keys and metadata", "ok", issuer.issuer)


async def _introspect(part: str, issuer: Any) -> Finding:
    try:
        await issuer.validate(RawToken(secrets.token_urlsafe(32)), introspect=True)
    except IssuerUnavailable as error:
        return Finding(part, "introspection", "fault", _advice(error))
    except InvalidToken as error:
        if error.reason is Reason.WRONG_FORMAT:
            return Finding(part, "introspection", "skipped", "token_format rejects a random token")
        return Finding(part, "introspection", "ok", "the credentials are accepted")
    return Finding(part, "introspection", "fault", "a random token is active: is it the endpoint?")


async def _evaluate(part: str, point: PolicyDecisionPoint) -> Finding:
    try:
        permits = await point.permits_random_subject()
    except IssuerUnavailable as error:
        return Finding(part, "evaluation", "fault", _advice(error))
    if permits:
        text = "a random subject is permitted: does a policy permit whatever it does not know?"
        return Finding(part, "evaluation", "warning", text)
    return Finding(part, "evaluation", "ok", "a random subject is denied")


async def _clock(part: str, address: str, clock: Clock) -> Finding:
    started = clock()
    _, headers, _ = await _get(_origin(address))
    now = (started + clock()) / 2
    if "date" not in headers:
        return Finding(part, "clock", "skipped", "the server sends no Date")
    skew = now - parsedate_to_datetime(headers["date"]).timestamp()
    text = f"our clock is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
    if abs(skew) > _MAX_SKEW:
        return Finding(part, "clock", "fault", f"{text}: synchronize it, or raise leeway")
    return Finding(part, "clock", "ok", text)


async def _certificate(part: str, address: str, clock: Clock) -> Finding:
    parts = urlsplit(address)
    if parts.scheme != "https":
        return Finding(part, "certificate", "warning", "http: what is sent is not protected")
    context = await tls_context()
    _, writer = await asyncio.open_connection(parts.hostname, parts.port or 443, ssl=context)
    certificate = writer.get_extra_info("peercert")
    writer.close()
    days = int((ssl.cert_time_to_seconds(certificate["notAfter"]) - clock()) // _DAY)
    status: Status = "warning" if days < _SHORT else "ok"
    return Finding(part, "certificate", status, f"valid for {days} days")


async def _metadata(part: str, resource: str) -> Finding:
    """Fetch the metadata of *resource* as a client does (RFC 9728 §3)."""
    url = metadata_url(resource)
    status, _, body = await _get(url)
    if status != _OK:
        text = f"{url}: status {status}; the proxy must pass this path to the application"
        return Finding(part, "metadata", "fault", text)
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict) or document.get("resource") != resource:
        text = f"{url} is not the metadata of this resource (RFC 9728 section 3.3)"
        return Finding(part, "metadata", "fault", text)
    return Finding(part, "metadata", "ok", url)


async def _get(url: str) -> tuple[int, Mapping[str, str], bytes]:
    parts = urlsplit(url)
    origin = (parts.hostname or "", parts.port or _PORTS[parts.scheme])
    client: HTTPClient = open_client(frozenset({origin}), connections=1)
    try:
        async with client.stream(
            "GET", url, headers={}, content=None, follow_redirects=False
        ) as response:
            body = b""
            async for part in response.aiter_bytes():
                body += part
                if len(body) > _MAX_DOCUMENT:
                    break
            return response.status_code, response.headers, body
    finally:
        await client.aclose()


def _advice(error: IssuerUnavailable) -> str:
    known = EXPLANATIONS.get(error.reason)
    advice = "" if known is None else f"; {known.check}"
    return f"{error.issuer}: {error.reason}{error.detail_text}{advice}"


def _is_issuer(each: Any) -> bool:
    return hasattr(each, "validate") and hasattr(each, "accepts_opaque")


def _is_url(text: str) -> bool:
    return urlsplit(text).scheme in _PORTS


def _origin(address: str) -> str:
    return urlsplit(address)._replace(path="/", query="", fragment="").geturl()
