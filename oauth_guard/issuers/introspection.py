"""IntrospectionIssuer: ask the authorization server about each token (RFC 7662, RFC 9701)."""

import dataclasses
import logging
import secrets
import time
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, Unpack, get_args

from oauth_guard.errors import ConfigurationError, InvalidToken, IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Fetcher, HTTPClient, HTTPResult
from oauth_guard.interfaces import Clock
from oauth_guard.issuers.circuit_breaker import CircuitBreaker
from oauth_guard.issuers.client_auth import ClientAuthentication, MutualTLS
from oauth_guard.issuers.discovery import Discovery
from oauth_guard.issuers.endpoint_client import EndpointClient, FormRequest
from oauth_guard.issuers.remote_keys import JWKSCache, RemoteKeySet
from oauth_guard.jose.algorithms import SYMMETRIC
from oauth_guard.jose.jws import parse_jws
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.protocol.access_token import Validation
from oauth_guard.protocol.cache_settings import CacheSettings
from oauth_guard.protocol.claims import ClaimRules, ClaimSettings
from oauth_guard.protocol.introspection import (
    JSON_MEDIA_TYPE,
    SIGNED_MEDIA_TYPE,
    error_code,
    is_signed_response,
    read_introspection,
    signed_members,
    write_form,
)
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.urls import check_issuer_urls, origins_of

__all__ = ["IntrospectionIssuer", "WithoutAudience"]

_log = logging.getLogger("oauth_guard")

_ENDPOINT = "introspection_endpoint"
_CONNECTIONS = 64  # as many as may be used at once
_TIMES = JWKSCache(deadline=2)
_OK, _BAD_REQUEST, _REFUSALS = 200, 400, {401, 403}

WithoutAudience: TypeAlias = Literal["single resource", "issuer checks"]
"""Why a token is for us though its issuer names no audience."""


class IntrospectionIssuer:
    """An authorization server that is asked about each token, so tokens may be opaque.

    What it says is remembered for a time. A token is sent to it, and to nobody else.

    Args:
        issuer: Its identifier, exactly as its metadata spells it.
        client: How we prove ourselves, such as `ClientSecretBasic("api", secret)`.
        endpoint: Where it is asked; by default where its metadata says.
        metadata_url: Where its metadata is, if not where its name says.
        http: The client to ask with, for 64 requests at once; by default one of our own.
        insecure_http: Accept http for hosts that are not loopback, inside a private network.
        cache_for: For how many seconds an answer is remembered; 0 to ask for each request.
        inactive_for: For how many seconds it is remembered that a token is not active.
        token_type_hint: Tell it that the token is an access token.
        signed: Ask for signed answers, and take no others (RFC 9701).
        accepts_unnamed_jwts: Ask it also about JWTs that name no issuer, as encrypted ones do.
        subject_from: What names the subject, where that is not `sub`: `"username"`, say.
        without_audience: Why a token whose answer has no `aud` is for us:
            `"single resource"`, since its issuer serves no other one, or `"issuer checks"`,
            since it calls a token active only to a resource that it is for. By default such a
            token is refused.
        clock: Tells seconds since the epoch.
        monotonic: Tells monotonic seconds.
        settings: What its answers say: see `ClaimSettings`. By default no claim is required.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
    """

    accepts_opaque = True
    can_introspect = True

    def __init__(  # noqa: PLR0913 - settings, each by keyword and with a default
        self,
        issuer: str,
        *,
        client: ClientAuthentication,
        endpoint: str | None = None,
        metadata_url: str | None = None,
        http: HTTPClient | None = None,
        insecure_http: bool = False,
        cache_for: float = 60,
        inactive_for: float = 5,
        token_type_hint: bool = False,
        signed: bool = False,
        accepts_unnamed_jwts: bool = False,
        subject_from: str = "sub",
        without_audience: WithoutAudience | None = None,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
        **settings: Unpack[ClaimSettings],
    ) -> None:
        _check_urls(issuer, endpoint, metadata_url, insecure_http=insecure_http)
        _check_choices(client, http, without_audience)
        rules = _rules(issuer, settings, subject_from, without_audience, signed=signed)
        self._rules, self._clock, self.accepts_unnamed_jwts = rules, clock, accepts_unnamed_jwts
        kind = SIGNED_MEDIA_TYPE if signed else JSON_MEDIA_TYPE
        identity = (issuer, endpoint or metadata_url or "", client.client_id, kind)
        self.cache = CacheSettings(rules, identity, cache_for, inactive_for)
        self._claim_names = {name: name for name in rules.claim_types}  # one copy for all tokens
        self._client, self._hint, self._answer_type = client, token_type_hint, kind
        origins = origins_of(issuer, metadata_url, endpoint)
        fetcher = Fetcher(issuer, http, origins, connections=_CONNECTIONS)
        discovery = Discovery(
            *(issuer, fetcher),
            metadata_url=metadata_url,
            introspection_endpoint=endpoint,
            insecure_http=insecure_http,
            mtls=isinstance(client, MutualTLS),
        )
        self._endpoint = _endpoint_client(discovery, fetcher, monotonic)
        self._keys = RemoteKeySet(discovery, cache=_TIMES, clock=monotonic) if signed else None

    def __repr__(self) -> str:
        return f"IntrospectionIssuer({self.issuer!r}, client={self._client!r})"

    @property
    def issuer(self) -> str:
        """Its identifier."""
        return self._rules.issuer

    @property
    def ready(self) -> bool:
        """Whether its endpoint is known and well, and its keys are here if they are needed."""
        return self._endpoint.ready and (self._keys is None or self._keys.ready)

    async def validate(self, token: RawToken, *, introspect: bool = False) -> Validation:
        """Introspect *token* at this issuer.

        Audience and lifetime are not checked here: see `AccessToken.check_claims`.

        Args:
            token: The token as received.
            introspect: Makes no difference here: nothing is cached in this class.

        Raises:
            InvalidToken: It is not active, or this issuer can't have issued it.
            IssuerUnavailable: The endpoint can't be reached, or its response can't be trusted.
        """
        del introspect
        if not token.opaque and not token.encrypted and is_signed_response(token.signed.header):
            raise InvalidToken(Reason.WRONG_TYPE)  # RFC 9701 §8.1
        answer = await self._endpoint.post(lambda: self._question(token.text))
        names = self._claim_names
        members = {
            names.get(name, name): value for name, value in (await self._members(answer)).items()
        }
        return Validation(read_introspection(members, self._rules), None)

    def start(self) -> None:
        """Begin to look for its endpoint and its keys, in the background."""
        self._endpoint.start()
        if self._keys is not None:
            self._keys.start()

    async def load(self) -> None:
        """Wait until its endpoint is found, and its keys are here if they are needed.

        Raises:
            IssuerUnavailable: They are not to be had.
        """
        await self._endpoint.load()
        if self._keys is not None:
            await self._keys.load()

    async def aclose(self) -> None:
        """Let go of connections and background work."""
        if self._keys is not None:
            await self._keys.aclose()
        await self._endpoint.aclose()

    def _question(self, token: str) -> FormRequest:
        nonce = secrets.token_urlsafe(16)
        proof = self._client.prove(self.issuer, nonce=nonce, now=self._clock())
        form = write_form(token, proof, hint=self._hint)
        return FormRequest(form, {"accept": self._answer_type, **proof.headers})

    async def _members(self, answer: HTTPResult) -> Mapping[str, Any]:
        if answer.status != _OK:
            raise self._refusal(answer)
        if answer.media_type != self._answer_type:
            raise IssuerUnavailable(self.issuer, Reason.BAD_RESPONSE)
        try:
            if self._keys is None:
                return parse_object(answer.body)
            signed = parse_jws(answer.body.decode("ascii"))
            members = signed_members(signed, self._rules, self._client.client_id, self._clock())
            await self._keys.verify(signed)
        except (ValueError, InvalidToken):  # of the answer, not of the token
            raise IssuerUnavailable(self.issuer, Reason.BAD_RESPONSE) from None
        return members

    def _refusal(self, answer: HTTPResult) -> IssuerUnavailable:
        """Return the outage that an error response is, and say what the operator should mend."""
        code = error_code(answer.body) if answer.status == _BAD_REQUEST else None
        if answer.status in _REFUSALS or code in {"invalid_client", "unauthorized_client"}:
            reason = Reason.CLIENT_REFUSED
            advice = "is this resource registered there, and client= as it is registered?"
        elif code == "unsupported_token_type":
            reason = Reason.TOKEN_NOT_ACCEPTED
            advice = "it is not to be asked about such tokens; JWTs may want a JWTIssuer."
        else:
            reason = Reason.BAD_RESPONSE
            advice = "is endpoint= the right one?"
        if answer.status != _BAD_REQUEST or reason is not Reason.BAD_RESPONSE:  # one odd token's
            _log.error(
                "%s: the introspection endpoint answers %d to %s: %s",
                *(self.issuer, answer.status, self._client.client_id, advice),
            )
        return IssuerUnavailable(self.issuer, reason)


def _endpoint_client(discovery: Discovery, fetcher: Fetcher, clock: Clock) -> EndpointClient:
    return EndpointClient(_ENDPOINT, discovery, fetcher, breaker=CircuitBreaker(clock))


def _check_urls(
    issuer: str, endpoint: str | None, metadata_url: str | None, *, insecure_http: bool
) -> None:
    check_issuer_urls(
        issuer, insecure_http=insecure_http, endpoint=endpoint, metadata_url=metadata_url
    )
    if insecure_http:
        _log.warning("%s: insecure_http=True lets tokens travel unprotected", issuer)


def _check_choices(
    client: ClientAuthentication,
    http: HTTPClient | None,
    without_audience: str | None,
) -> None:
    if isinstance(client, MutualTLS) and http is None:
        raise ConfigurationError("MutualTLS wants http=, a client that shows the certificate.")
    if without_audience not in {None, *get_args(WithoutAudience)}:
        raise ConfigurationError(
            f"without_audience= tells why: {' or '.join(map(repr, get_args(WithoutAudience)))}."
        )


def _rules(
    issuer: str,
    settings: ClaimSettings,
    subject_from: str,
    without_audience: str | None,
    *,
    signed: bool,
) -> ClaimRules:
    if "types" in settings:
        raise ConfigurationError("types= is for JWTs: leave it out.")
    if "algorithms" in settings and not signed:
        raise ConfigurationError("algorithms= is for signed=True: leave it out.")
    settings.setdefault("required_claims", ())
    rules = ClaimRules.of(issuer, **settings)
    if rules.algorithms & SYMMETRIC:
        raise ConfigurationError("algorithms= must be of keys that the issuer publishes.")
    optional = rules.audience_optional or without_audience is not None
    return dataclasses.replace(rules, subject_claim=subject_from, audience_optional=optional)
