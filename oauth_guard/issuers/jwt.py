"""JWTIssuer: validate the JWT access tokens of an authorization server (RFC 9068)."""

import logging
import math
import time
from collections.abc import Mapping
from concurrent import futures
from concurrent.futures import Executor
from typing import Any, Unpack

from oauth_guard.errors import ConfigurationError, InvalidToken, Reason
from oauth_guard.http.fetcher import Fetcher, HTTPClient
from oauth_guard.interfaces import Clock, Issuer, KeySource
from oauth_guard.issuers.discovery import Discovery
from oauth_guard.issuers.members import missing_member
from oauth_guard.issuers.remote_keys import JWKSCache, RemoteKeySet
from oauth_guard.issuers.static_keys import StaticKeySet
from oauth_guard.jose.algorithms import SYMMETRIC
from oauth_guard.jose.key_set import MAX_WORK
from oauth_guard.protocol.access_token import AccessToken, Validation
from oauth_guard.protocol.claims import ClaimRules, ClaimSettings
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.urls import check_issuer_urls, origins_of

__all__ = ["JWTIssuer"]

_log = logging.getLogger("oauth_guard")
_KEY_TIMES = JWKSCache()


class JWTIssuer:
    """An authorization server whose tokens are validated by their signature.

    Only its identifier is needed: its metadata contains the URL of its keys. The other arguments
    say where it differs from RFC 9068.

    Args:
        issuer: Its identifier, exactly as its tokens and its metadata spell it.
        metadata_url: The URL of its metadata, if it is not derived from the identifier.
        jwks_uri: The URL of its keys; then no metadata is fetched.
        keys: Its keys, as a JWK set or a `KeySource` of your own; then nothing is fetched.
        introspection: The same issuer as an `IntrospectionIssuer`, for routes with
            `introspect=True`; no other request introspects. A claim of the response replaces
            the claim of that name in the token, and the settings here apply to both.
        secret: The secret that the issuer shares, for HS256, HS384 or HS512; then no key is
            published.
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

    cache = None  # a signature is verified from the keys, which are cached themselves

    def __init__(  # noqa: PLR0913 - settings, each by keyword and with a default
        self,
        issuer: str,
        *,
        metadata_url: str | None = None,
        jwks_uri: str | None = None,
        keys: Mapping[str, Any] | KeySource | None = None,
        secret: bytes | None = None,
        introspection: Issuer | None = None,
        executor: Executor | None = None,
        http: HTTPClient | None = None,
        insecure_http: bool = False,
        jwks_cache: JWKSCache = _KEY_TIMES,
        max_verification_work: float = MAX_WORK,
        clock: Clock = time.monotonic,
        **settings: Unpack[ClaimSettings],
    ) -> None:
        urls = {"metadata_url": metadata_url, "jwks_uri": jwks_uri}
        check_issuer_urls(issuer, insecure_http=insecure_http, **urls)
        _check_settings(issuer, jwks_cache, executor, insecure_http=insecure_http)
        _check_work(max_verification_work)
        if secret is not None:
            settings.setdefault("algorithms", ["HS256"])
        self._rules = ClaimRules.of(issuer, **settings)
        self._introspection = _introspection_issuer(issuer, introspection)
        self._keys: KeySource
        if secret is not None or self._rules.algorithms & SYMMETRIC:
            if keys or jwks_uri or metadata_url or executor:
                raise ConfigurationError("secret= suffices: leave out keys and threads.")
            self._keys = StaticKeySet.from_secret(secret or b"", self._rules.algorithms)
        elif keys is not None:
            self._keys = _key_source(keys, executor, max_verification_work)
        else:
            self._keys = RemoteKeySet(
                _discovery(issuer, http, urls, insecure_http=insecure_http),
                cache=jwks_cache,
                clock=clock,
                executor=executor,
                max_work=max_verification_work,
            )

    def __repr__(self) -> str:
        return f"JWTIssuer({self.issuer!r})"

    @property
    def issuer(self) -> str:
        """The issuer identifier."""
        return self._rules.issuer

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
            raise InvalidToken(Reason.UNKNOWN_ISSUER)
        self._rules.check_header(signed.header)
        access_token = AccessToken.from_claims(signed.claims, self._rules)
        if token.precheck is not None:
            token.precheck(access_token)
        # Read before the signature is verified: if the keys change meanwhile, it returns False.
        is_current = self._keys.is_current
        await self._keys.verify(signed)
        return Validation(access_token, is_current)

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
    if executor is not None and (
        not isinstance(executor, Executor) or isinstance(executor, futures.ProcessPoolExecutor)
    ):
        raise ConfigurationError(
            "executor= takes threads, ThreadPoolExecutor(2): keys can't go to another process."
        )


def _check_work(work: object) -> None:
    if isinstance(work, bool) or not isinstance(work, int | float) or not 1 <= work < math.inf:
        raise ConfigurationError(
            f"max_verification_work= counts RSA verifications: 1 or more, by default {MAX_WORK}."
        )


def _discovery(
    issuer: str, http: HTTPClient | None, urls: Mapping[str, str | None], *, insecure_http: bool
) -> Discovery:
    fetcher = Fetcher(issuer, http, origins_of(issuer, *urls.values()))
    return Discovery(
        issuer,
        fetcher,
        metadata_url=urls["metadata_url"],
        jwks_uri=urls["jwks_uri"],
        insecure_http=insecure_http,
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


def _key_source(
    keys: Mapping[str, Any] | KeySource, executor: Executor | None, max_work: float
) -> KeySource:
    if isinstance(keys, Mapping):
        return StaticKeySet.from_jwks(keys, executor, max_work=max_work)
    if not hasattr(keys, "verify"):
        raise ConfigurationError('keys= takes a JWK set, {"keys": [...]}, or a KeySource.')
    if member := missing_member(keys, KeySource):
        raise ConfigurationError(
            f"keys= is a {type(keys).__name__} without `{member}`: a key source has every member "
            "of oauth_guard.interfaces.KeySource."
        )
    if executor is not None:
        raise ConfigurationError(
            "executor= is for keys that this library reads: a KeySource verifies by itself."
        )
    return keys
