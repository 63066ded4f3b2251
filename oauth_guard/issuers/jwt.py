"""JWTIssuer: trust what an authorization server signed (RFC 9068)."""

import logging
import time
from collections.abc import Mapping
from concurrent import futures
from concurrent.futures import Executor
from typing import Any, Unpack

from oauth_guard.errors import ConfigurationError, InvalidToken, Reason
from oauth_guard.http.fetcher import Fetcher, HTTPClient
from oauth_guard.interfaces import Clock, Issuer, KeySource
from oauth_guard.issuers.discovery import Discovery
from oauth_guard.issuers.remote_keys import JWKSCache, RemoteKeySet
from oauth_guard.issuers.static_keys import StaticKeySet
from oauth_guard.jose.algorithms import SYMMETRIC
from oauth_guard.protocol.access_token import AccessToken, Validation
from oauth_guard.protocol.claims import ClaimRules, ClaimSettings
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.urls import check_issuer_urls, origins_of

__all__ = ["JWTIssuer"]

_log = logging.getLogger("oauth_guard")
_KEY_TIMES = JWKSCache()


class JWTIssuer:
    """An authorization server whose signature is enough.

    Only its name is needed: its metadata tells where its keys are. Everything else says where
    it differs from RFC 9068.

    Args:
        issuer: Its identifier, exactly as its tokens and its metadata spell it.
        metadata_url: Where its metadata is, if not where its name says.
        jwks_uri: Where its keys are; then no metadata is fetched.
        keys: Its keys, as a JWK set or a source of your own; then nothing is fetched.
        introspection: The same issuer as one that is asked about tokens, where routes want that
            with `introspect=True`; no other request asks it. What it says replaces what the
            token says, and is held to the settings here.
        secret: A secret that it shares, for HS256 and the like; then no key is published.
        executor: Threads that check signatures, such as `ThreadPoolExecutor(1)`; by default the
            event loop does. A thread makes each new token dearer, by some 50 µs, and leaves the
            loop to others where many come at once: for RSA beyond 2048 bits, ECDSA and EdDSA.
        http: The client to fetch with; by default one of our own.
        insecure_http: Accept http for hosts that are not loopback, inside a private network.
        jwks_cache: How long its keys are kept, and how often they are fetched.
        clock: Tells monotonic seconds.
        settings: What its tokens say, where that differs from RFC 9068: see `ClaimSettings`.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
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
        clock: Clock = time.monotonic,
        **settings: Unpack[ClaimSettings],
    ) -> None:
        _check_urls(issuer, metadata_url, jwks_uri, insecure_http=insecure_http)
        _check_settings(issuer, jwks_cache, introspection, executor)
        if secret is not None:
            settings.setdefault("algorithms", ["HS256"])
        self._rules = ClaimRules.of(issuer, **settings)
        self._introspection = introspection
        self._keys: KeySource
        if secret is not None or self._rules.algorithms & SYMMETRIC:
            if keys or jwks_uri or metadata_url or executor:
                raise ConfigurationError("secret= is all there is: leave out keys and threads.")
            self._keys = StaticKeySet.from_secret(secret or b"", self._rules.algorithms)
        elif keys is not None:
            self._keys = _key_source(keys, executor)
        else:
            fetcher = Fetcher(issuer, http, origins_of(issuer, metadata_url, jwks_uri))
            discovery = Discovery(
                issuer,
                fetcher,
                metadata_url=metadata_url,
                jwks_uri=jwks_uri,
                insecure_http=insecure_http,
            )
            self._keys = RemoteKeySet(discovery, cache=jwks_cache, clock=clock, executor=executor)

    def __repr__(self) -> str:
        return f"JWTIssuer({self.issuer!r})"

    @property
    def issuer(self) -> str:
        """Its identifier."""
        return self._rules.issuer

    @property
    def accepts_opaque(self) -> bool:
        """No: a token without a signature says nothing here."""
        return False

    @property
    def accepts_unnamed_jwts(self) -> bool:
        """No: a token that names no issuer is nobody's."""
        return False

    @property
    def can_introspect(self) -> bool:
        """Whether `introspection=` is set."""
        return self._introspection is not None

    @property
    def ready(self) -> bool:
        """Whether its keys are here; routes with `introspect=True` may have to wait for more."""
        return self._keys.ready

    async def validate(self, token: RawToken, *, introspect: bool = False) -> Validation:
        """Return *token*, verified by this issuer's keys; the checks run from cheap to costly.

        Audience and lifetime are not checked here: see `AccessToken.check_claims`.

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
        signed = token.signed
        if signed.claims.get("iss") != self._rules.issuer:
            raise InvalidToken(Reason.UNKNOWN_ISSUER)
        self._rules.check_header(signed.header)
        access_token = AccessToken.from_claims(signed.claims, self._rules)
        # Read before the signature is verified: if the keys change meanwhile, it returns False.
        is_current = self._keys.is_current
        await self._keys.verify(signed)
        return Validation(access_token, is_current)

    def start(self) -> None:
        """Begin to fetch its keys, in the background."""
        self._keys.start()
        if self._introspection is not None:
            self._introspection.start()

    async def load(self) -> None:
        """Wait for its keys.

        Raises:
            IssuerUnavailable: They are not to be had.
        """
        await self._keys.load()
        if self._introspection is not None:
            await self._introspection.load()

    async def aclose(self) -> None:
        """Let go of connections and background work."""
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


def _check_urls(
    issuer: str, metadata_url: str | None, jwks_uri: str | None, *, insecure_http: bool
) -> None:
    check_issuer_urls(
        issuer, insecure_http=insecure_http, metadata_url=metadata_url, jwks_uri=jwks_uri
    )
    if insecure_http:
        _log.warning("%s: insecure_http=True lets keys travel unprotected", issuer)


def _check_settings(
    issuer: str, jwks_cache: object, introspection: Issuer | None, executor: object
) -> None:
    if not isinstance(jwks_cache, JWKSCache):
        raise ConfigurationError("jwks_cache= takes several times: JWKSCache(max_age=600).")
    if introspection is not None and introspection.issuer != issuer:
        raise ConfigurationError(f"introspection= asks {introspection.issuer}, not {issuer}.")
    if executor is not None and (
        not isinstance(executor, Executor) or isinstance(executor, futures.ProcessPoolExecutor)
    ):
        raise ConfigurationError(
            "executor= takes threads, ThreadPoolExecutor(2): keys can't go to another process."
        )


def _key_source(keys: Mapping[str, Any] | KeySource, executor: Executor | None) -> KeySource:
    if isinstance(keys, Mapping):
        return StaticKeySet.from_jwks(keys, executor)
    if not hasattr(keys, "verify"):
        raise ConfigurationError('keys= takes a JWK set, {"keys": [...]}, or a KeySource.')
    if executor is not None:
        raise ConfigurationError(
            "executor= is for keys that are read here: yours verify by themselves."
        )
    return keys
