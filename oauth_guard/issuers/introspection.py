"""IntrospectionIssuer: introspect tokens at their authorization server (RFC 7662, RFC 9701)."""

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Unpack

from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.http.fetcher import HTTPClient, HTTPResult
from oauth_guard.interfaces import Clock
from oauth_guard.issuers.client_auth import ClientAuthentication
from oauth_guard.issuers.discovery import Discovery
from oauth_guard.issuers.endpoint_client import EndpointClient, FormRequest
from oauth_guard.issuers.introspection_faults import ISSUER_FAULTS, IntrospectionFaults
from oauth_guard.issuers.introspection_settings import (
    WithoutAudience,
    find_endpoint,
    read_rules,
)
from oauth_guard.issuers.remote_keys import JWKSCache, RemoteKeySet
from oauth_guard.issuers.token_format import TokenFormat, read_token_format
from oauth_guard.jose.jws import parse_jws
from oauth_guard.jose.strict_json import parse_object
from oauth_guard.protocol.access_token import Validation
from oauth_guard.protocol.cache_settings import CacheSettings
from oauth_guard.protocol.claim_settings import ClaimSettings
from oauth_guard.protocol.introspection import (
    JSON_MEDIA_TYPE,
    SIGNED_MEDIA_TYPE,
    is_signed_response,
    read_introspection,
    read_signed_response,
    write_form,
)
from oauth_guard.protocol.measurements import Measurement, measurements_of
from oauth_guard.protocol.mismatch import mismatch
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.settings import Seconds, checked_settings, in_seconds

__all__ = ["IntrospectionIssuer"]


_ENDPOINT = "introspection_endpoint"
_TIMES = JWKSCache(deadline=2)
_OK = 200


@checked_settings
class IntrospectionIssuer:
    """An authorization server at which each token is introspected, so tokens may be opaque.

    A guard caches the results (`cache_for`). A token is sent to this issuer alone.

    Args:
        issuer: Its identifier, exactly as its tokens and its metadata spell it. It must be a URL
            only if the URL of the metadata is derived from it.
        client: How this resource authenticates, such as `ClientSecretBasic("api", secret)`.
        endpoint: The URL of the introspection endpoint, if it is not taken from the metadata.
        metadata_url: The URL of its metadata, if it is not derived from the identifier.
        metadata_issuer: Its identifier in the metadata, if that is not the one in tokens.
        http: The client for up to 64 concurrent requests; by default one that this library
            creates.
        insecure_http: Accept http for hosts that are not loopback, inside a private network.
        cache_for: Seconds, or a `timedelta`, for which an active token's result is cached; 0 to
            introspect for each request.
        inactive_for: Seconds for which the result for an inactive token is cached.
        token_type_hint: Send the hint that the token is an access token (RFC 7662 §2.1).
        token_format: What all tokens of this issuer look like: a prefix, a length, a range of
            lengths, or a function that checks a check digit, say; or a list of these. A token
            without that format is rejected, and no request is sent about it.
        signed: Request signed responses, and accept no others (RFC 9701).
        accepts_unnamed_jwts: Introspect JWTs without a readable `iss` too, as encrypted ones are.
        subject_from: The member that contains the subject, if not `sub`: `"username"`, say.
        without_audience: Why a token whose response has no `aud` is accepted:
            `"single resource"` if the issuer serves no other resource, or `"issuer checks"` if
            it reports a token as active only to a resource that the token is issued for. By
            default such a token is rejected.
        token_types: Accepted values of `token_type` beside `Bearer`, `DPoP` and `access_token`.
        clock: Returns seconds since the epoch.
        monotonic: Returns monotonic seconds.
        settings: How its claims are read: see `ClaimSettings`. By default no claim is required.

    Raises:
        ConfigurationError: A setting is wrong; the message says what to write instead.
    """

    metadata_issuer: str | None
    """The identifier in its metadata, which the guard's metadata lists; None if it is no URL."""

    accepts_opaque = True
    can_introspect = True

    def __init__(  # noqa: PLR0913 - settings, each by keyword and with a default
        self,
        issuer: str,
        *,
        client: ClientAuthentication,
        endpoint: str | None = None,
        metadata_url: str | None = None,
        metadata_issuer: str | None = None,
        http: HTTPClient | None = None,
        insecure_http: bool = False,
        cache_for: Seconds = 60,
        inactive_for: Seconds = 5,
        token_type_hint: bool = False,
        token_format: TokenFormat | Sequence[TokenFormat] | None = None,
        signed: bool = False,
        accepts_unnamed_jwts: bool = False,
        subject_from: str = "sub",
        without_audience: WithoutAudience | None = None,
        token_types: Iterable[str] = (),
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
        **settings: Unpack[ClaimSettings],
    ) -> None:
        urls = {"endpoint": endpoint, "metadata_url": metadata_url}
        found, self.metadata_issuer = find_endpoint(
            issuer, metadata_issuer, http, urls, client, insecure_http=insecure_http, signed=signed
        )
        choices = (subject_from, without_audience, token_types)
        rules = read_rules(issuer, settings, *choices, signed=signed)
        kind = SIGNED_MEDIA_TYPE if signed else JSON_MEDIA_TYPE
        source = endpoint or metadata_url or metadata_issuer or ""
        identity = (issuer, source, client.client_id, kind)
        self.cache = CacheSettings(rules, identity, in_seconds(cache_for), in_seconds(inactive_for))
        self._rules, self._clock, self.accepts_unnamed_jwts = rules, clock, accepts_unnamed_jwts
        self._client, self._hint, self._media_type = client, token_type_hint, kind
        self._authority, self._resources = metadata_issuer or issuer, set[str]()
        self._check_format = None if token_format is None else read_token_format(token_format)
        self._faults = IntrospectionFaults(rules, client.client_id, clock=monotonic)
        self._endpoint = self._endpoint_client(found, monotonic)
        self._keys = RemoteKeySet(found, cache=_TIMES, clock=monotonic) if signed else None

    def __repr__(self) -> str:
        return f"IntrospectionIssuer({self.issuer!r}, client={self._client!r})"

    @property
    def issuer(self) -> str:
        """The issuer identifier."""
        return self._rules.issuer

    @property
    def ready(self) -> bool:
        """Whether its endpoint is usable, and its keys are cached if responses are signed."""
        return self._endpoint.ready and (self._keys is None or self._keys.ready)

    def add_resource(self, resource: str) -> None:
        """Record that a guard of *resource* uses this issuer.

        The `aud` of a signed response may be that resource instead of the client identifier (RFC
        9701 §5), unless guards of two resources use this issuer.
        """
        self._resources.add(resource)

    async def validate(self, token: RawToken, *, introspect: bool = False) -> Validation:
        """Introspect *token* at this issuer.

        Audience and lifetime are not checked here: see `AccessToken.check_claims`.

        Args:
            token: The token as received.
            introspect: Makes no difference here: nothing is cached in this class.

        Raises:
            InvalidToken: It is not active, has another format, or this issuer can't have issued it.
            IssuerUnavailable: The endpoint can't be reached, or its response can't be trusted.
        """
        del introspect
        if (
            not token.is_opaque
            and not token.is_encrypted
            and is_signed_response(token.parse().header)
        ):
            raise InvalidToken(Reason.WRONG_TYPE)  # RFC 9701 §8.1
        if self._check_format is not None:
            self._check_format(token.text)
        requested_at = self._clock()
        result, seconds = await self._endpoint.post(
            token.text, lambda: self._form_request(token.text)
        )
        members = await self._members(result)
        try:
            access_token = read_introspection(members, self._rules)
        except InvalidToken as error:
            if error.reason not in ISSUER_FAULTS:
                raise
            raise self._faults.malformed(members, error.reason) from None
        self._endpoint.record_active(token.text, seconds)
        return Validation(access_token, None, requested_at)

    def measurements(self) -> Iterator[Measurement]:
        """Yield what is measured about its endpoint, and about the keys of signed responses."""
        for part in (self._endpoint, self._keys):
            for each in measurements_of(part):
                yield each._replace(issuer=self.issuer)

    def start(self) -> None:
        """Start to find its endpoint, and to fetch its keys if needed, in the background."""
        self._endpoint.start()
        if self._keys is not None:
            self._keys.start()

    async def load(self) -> None:
        """Wait until its endpoint is found, and its keys are fetched if responses are signed.

        Raises:
            IssuerUnavailable: They can't be found or fetched.
        """
        await self._endpoint.load()
        if self._keys is not None:
            await self._keys.load()

    async def aclose(self) -> None:
        """Close connections and stop background work."""
        if self._keys is not None:
            await self._keys.aclose()
        await self._endpoint.aclose()

    def _endpoint_client(self, found: Discovery, clock: Clock) -> EndpointClient:
        return EndpointClient(_ENDPOINT, found, found.fetcher, self._canary, clock=clock)

    def _canary(self) -> FormRequest:
        """Return the form about a random token, which is inactive at every server."""
        return self._form_request(secrets.token_urlsafe(32))

    def _form_request(self, token: str) -> FormRequest:
        nonce = secrets.token_urlsafe(16)
        proof = self._client.prove(self._authority, nonce=nonce, now=self._clock())
        form = write_form(token, proof, hint=self._hint)
        return FormRequest(form, {"accept": self._media_type, **proof.headers})

    async def _members(self, result: HTTPResult) -> Mapping[str, Any]:
        if result.status != _OK:
            raise self._faults.refusal(result)
        if result.media_type != self._media_type:
            wrong = mismatch([self._media_type], result.media_type)
            raise IssuerUnavailable(self.issuer, Reason.BAD_RESPONSE).about(**wrong)
        try:
            if self._keys is None:
                return parse_object(result.body, bounded=False)
            signed = parse_jws(result.body.decode("ascii"))
            members = read_signed_response(signed, self._rules, self._names(), self._clock())
            await self._keys.verify(signed)
        except (ValueError, InvalidToken):  # the response is at fault, not the token
            raise IssuerUnavailable(self.issuer, Reason.BAD_RESPONSE) from None
        return members

    def _names(self) -> tuple[str, ...]:
        """Return the audiences of signed responses that are for this resource server."""
        resources = self._resources if len(self._resources) == 1 else ()
        return (self._client.client_id, *(self._rules.audience or resources))
