"""JWTIssuer: validate the JWT access tokens of an authorization server (RFC 9068)."""

import dataclasses
import logging
import math
import time
from concurrent import futures
from typing import Literal, Unpack

from oauth_guard.errors import ConfigurationError, InvalidToken, Reason
from oauth_guard.http.fetcher import HTTPClient
from oauth_guard.interfaces import Clock, Issuer, KeySource
from oauth_guard.issuers.discovery import find_endpoints
from oauth_guard.issuers.measured import MeasuredIssuer
from oauth_guard.issuers.members import add_resource, missing_member
from oauth_guard.issuers.remote_keys import JWKSCache, RemoteKeySet
from oauth_guard.issuers.static_keys import Keys, StaticKeySet, key_source
from oauth_guard.jose.algorithms import SYMMETRIC
from oauth_guard.jose.jws import JWS, JWSHeader
from oauth_guard.jose.key_set import MAX_WORK
from oauth_guard.protocol.access_token import AccessToken, UnverifiedToken, Validation
from oauth_guard.protocol.claim_settings import ClaimSettings
from oauth_guard.protocol.claims import RFC9068_CLAIMS, ClaimRules
from oauth_guard.protocol.mismatch import unknown_issuer
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.settings import checked_settings
from oauth_guard.protocol.urls import check_issuer_urls

__all__ = ["JWTIssuer"]

_log = logging.getLogger("oauth_guard")
_KEY_TIMES = JWKSCache()


@checked_settings
class JWTIssuer(MeasuredIssuer):
    """An authorization server whose tokens are validated by their signature.

    Only its identifier is needed: its metadata contains the URL of its keys. The other arguments
    say where it differs from RFC 9068.

    Args:
        issuer: Its identifier, exactly as its tokens and its metadata spell it. It must be a URL
            only if the URL of the metadata is derived from it.
        metadata_url: The URL of its metadata, if it is not derived from the identifier.
        metadata_issuer: Its identifier in the metadata, if that is not the one in tokens, as at
            AD FS; the URL of the metadata is derived from it.
        jwks_uri: The URL of its keys; then no metadata is fetched.
        keys: Its keys: a JWK set, a public key or certificate as PEM, several as `{kid: PEM}` or
            as a list, or a `KeySource` of your own; then nothing is fetched.
        without_audience: `"single resource"` if the issuer serves no other resource, so that a
            token without `aud` is for this one; by default such a token is rejected. Not for
            MCP, which requires an audience.
        introspection: The same issuer as an `IntrospectionIssuer`, for routes with
            `introspect=True`; no other request introspects. A claim of the response replaces
            the claim of that name in the token, and the settings here apply to both.
        secret: The secret that the issuer shares, for HS256, HS384 or HS512, in place of keys.
        executor: Threads that verify signatures, such as `ThreadPoolExecutor(1)`; by default the
            event loop verifies them. A thread adds about 50 µs to each new token, and keeps the
            event loop free while many new tokens arrive. Use it for RSA keys of more than 2048
            bits, ECDSA and EdDSA.
        http: The client to fetch with; by default one that this library creates.
        insecure_http: Accept http for hosts that are not loopback, inside a private network.
        jwks_cache: How long its keys are cached, and how often they are fetched.
        max_verification_work: How much verifying one token may cost if several keys match its
            header; 1 is a verification with an RSA key of 2048 bits, about 17 µs. P-256 counts
            3, Ed25519 4, P-384 and P-521 20. Raise it for an issuer that publishes many keys
            and signs tokens without `kid`.
        clock: Returns monotonic seconds.
        settings: Where its claims differ from RFC 9068: see `ClaimSettings`.

    Raises:
        ConfigurationError: A setting is wrong; the message says what to write instead.
    """

    metadata_issuer: str | None
    """The identifier by which clients find its metadata; None if it is no URL."""

    cache = None  # there are no introspection results to cache; the keys are cached elsewhere

    def __init__(  # noqa: PLR0913 - settings, each by keyword and with a default
        self,
        issuer: str,
        *,
        metadata_url: str | None = None,
        metadata_issuer: str | None = None,
        jwks_uri: str | None = None,
        keys: Keys | KeySource | None = None,
        secret: bytes | None = None,
        without_audience: Literal["single resource"] | None = None,
        introspection: Issuer | None = None,
        executor: futures.Executor | None = None,
        http: HTTPClient | None = None,
        insecure_http: bool = False,
        jwks_cache: JWKSCache = _KEY_TIMES,
        max_verification_work: float = MAX_WORK,
        clock: Clock = time.monotonic,
        **settings: Unpack[ClaimSettings],
    ) -> None:
        urls = {"metadata_url": metadata_url, "jwks_uri": jwks_uri}
        is_located = any(each is not None for each in (keys, secret, metadata_url, jwks_uri))
        self.metadata_issuer = check_issuer_urls(
            issuer, metadata_issuer, insecure_http=insecure_http, is_located=is_located, **urls
        )
        _check_work(max_verification_work)
        _check_settings(issuer, jwks_cache, executor, insecure_http=insecure_http)
        self._rules = _rules(issuer, settings, secret, without_audience)
        self._accepted_header: JWSHeader | None = None
        self._introspection = _introspection_issuer(issuer, introspection)
        if secret is not None or self._rules.algorithms & SYMMETRIC:
            _check_suffices(keys or jwks_uri or metadata_url or executor)
            self._keys = StaticKeySet.from_secret(secret or b"", self._rules.algorithms)
        elif keys is not None:
            self._keys = key_source(keys, executor, max_verification_work)
        else:
            found = find_endpoints(issuer, metadata_issuer, http, urls, insecure_http=insecure_http)
            work = max_verification_work
            self._keys = RemoteKeySet(
                found, cache=jwks_cache, clock=clock, executor=executor, max_work=work
            )

    def __repr__(self) -> str:
        return f"JWTIssuer({self.issuer!r})"

    @property
    def issuer(self) -> str:
        """The issuer identifier."""
        return self._rules.issuer

    @property
    def algorithms(self) -> frozenset[str]:
        """The accepted values of `alg`, by which two issuers of one name differ."""
        return self._rules.algorithms

    @property
    def rules(self) -> ClaimRules:
        """The rules by which its claims are read."""
        return self._rules

    @property
    def accepts_opaque(self) -> bool:
        """False: an opaque token has no signature to verify."""
        return False

    @property
    def accepts_unnamed_jwts(self) -> bool:
        """False: a token must name this issuer."""
        return False

    @property
    def can_introspect(self) -> bool:
        """Whether `introspection=` is set."""
        return self._introspection is not None

    @property
    def ready(self) -> bool:
        """Whether its keys are cached; a route with `introspect=True` may still have to wait."""
        return self._keys.ready

    async def validate(self, token: RawToken, *, introspect: bool = False) -> Validation:
        """Return *token*, verified by this issuer's keys; the checks run from cheap to costly.

        All checks that need no key come first, so a token that fails one causes no fetch. Audience
        and lifetime are checked only by the token's `precheck`: see `AccessToken.check_claims`.

        Args:
            token: The token as received.
            introspect: Introspect the token as well; a claim of the response replaces the claim
                of that name in the token.

        Raises:
            InvalidToken: It is not a well-formed access token signed by this issuer, or
                introspected and not active.
            IssuerUnavailable: The keys or the introspection endpoint can't be reached.
            ConfigurationError: *introspect* is set, and `introspection=` is not.
        """
        if introspect:
            return await self._introspect(token)
        signed = token.parse()
        if signed.claims.get("iss") != self._rules.issuer:
            raise unknown_issuer([self.issuer], signed.claims.get("iss"))
        if signed.header is not self._accepted_header:  # a cached one is the same object
            self._rules.check_header(signed.header)
            self._accepted_header = signed.header
        unverified = UnverifiedToken(signed.claims, self._rules)
        token.precheck(unverified)
        # Read before the signature is verified, so that it returns False if the keys change then.
        is_current = self._keys.is_current
        await self._keys.verify(signed)
        return Validation(unverified.verified(len(token.text)), is_current)

    async def verify(self, signed: JWS, *, unnamed: bool = False) -> None:
        """Verify only `iss` (optional if *unnamed*), `alg`, signature of a JWT other than a token.

        Raises:
            InvalidToken: One of them is not this issuer's.
            IssuerUnavailable: The keys can't be fetched.
        """
        if signed.claims.get("iss", self.issuer if unnamed else None) != self.issuer:
            raise unknown_issuer([self.issuer], signed.claims.get("iss"))
        if signed.header.algorithm not in self._rules.algorithms:
            raise InvalidToken(Reason.ALGORITHM_NOT_ALLOWED)
        await self._keys.verify(signed)

    def add_resource(self, resource: str) -> None:
        """Record at `introspection=` that a guard of *resource* uses this issuer."""
        add_resource(self._introspection, resource)

    def start(self) -> None:
        """Start to fetch its keys and to find its introspection endpoint, in the background."""
        self._keys.start()
        if self._introspection is not None:
            self._introspection.start()

    async def load(self) -> None:
        """Wait for its keys, and for its introspection endpoint if it has one.

        Raises:
            IssuerUnavailable: They can't be fetched or found.
        """
        await self._keys.load()
        if self._introspection is not None:
            await self._introspection.load()

    async def aclose(self) -> None:
        """Close connections and stop background work."""
        await self._keys.aclose()
        if self._introspection is not None:
            await self._introspection.aclose()

    async def _introspect(self, token: RawToken) -> Validation:
        if self._introspection is None:
            raise ConfigurationError(f"{self.issuer} can't introspect: write introspection=.")
        signed = (await self.validate(token)).token
        result = (await self._introspection.validate(token, introspect=True)).token
        claims = {**signed.claims, **result.claims}
        return Validation(AccessToken.from_claims(claims, self._rules), None)


def _check_settings(
    issuer: str, jwks_cache: object, executor: object, *, insecure_http: bool
) -> None:
    if insecure_http:
        _log.warning("%s: insecure_http=True lets keys travel unprotected", issuer)
    if not isinstance(jwks_cache, JWKSCache):
        raise ConfigurationError("jwks_cache= takes several times: JWKSCache(max_age=600).")
    if not isinstance(executor, futures.Executor | None) or isinstance(
        executor, futures.ProcessPoolExecutor
    ):
        raise ConfigurationError(
            "executor= takes threads, ThreadPoolExecutor(2): keys can't go to another process."
        )


def _rules(
    issuer: str, settings: ClaimSettings, secret: bytes | None, without_audience: object
) -> ClaimRules:
    if secret is not None:
        settings.setdefault("algorithms", ["HS256"])
    if without_audience is None:
        return ClaimRules.of(issuer, **settings)
    if without_audience != "single resource":
        raise ConfigurationError(
            'without_audience= of a JWTIssuer is "single resource": the issuer serves no other.'
        )
    settings.setdefault("required_claims", [name for name in RFC9068_CLAIMS if name != "aud"])
    rules = ClaimRules.of(issuer, **settings)
    if "aud" in rules.required_claims:
        raise ConfigurationError("without_audience= accepts what required_claims= rejects: aud.")
    return dataclasses.replace(rules, audience_optional=True)


def _check_suffices(other: object) -> None:
    if other:
        advice = "leave out keys and threads, or list a second JWTIssuer with other algorithms="
        raise ConfigurationError(f"secret= suffices: {advice}.")


def _check_work(work: object) -> None:
    if isinstance(work, bool) or not isinstance(work, int | float) or not 1 <= work < math.inf:
        raise ConfigurationError(
            f"max_verification_work= counts RSA verifications: 1 or more, by default {MAX_WORK}."
        )


def _introspection_issuer(issuer: str, introspection: Issuer | None) -> Issuer | None:
    if introspection is None:
        return None
    if member := missing_member(introspection, Issuer):
        raise ConfigurationError(
            f"introspection= takes an issuer that can introspect, and "
            f"{type(introspection).__name__} has no `{member}`: write IntrospectionIssuer(...)."
        )
    if not introspection.can_introspect:
        raise ConfigurationError(
            "introspection= takes an issuer that can introspect: write IntrospectionIssuer(...)."
        )
    if introspection.issuer != issuer:
        raise ConfigurationError(f"introspection= names {introspection.issuer}, not {issuer}.")
    return introspection
