"""IssuerRouter: choose the trusted issuer that validates a token."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AsyncExitStack

from oauth_guard.byte_budget import ByteBudget
from oauth_guard.errors import ConfigurationError, InvalidToken, IssuerUnavailable, Reason
from oauth_guard.interfaces import Clock, Issuer, Store
from oauth_guard.issuers.introspection_cache import cached
from oauth_guard.issuers.listed_issuers import (
    accepting_opaque,
    algorithms_of,
    by_prefix,
    check_listed,
    check_not_shared,
    check_store,
    published_names,
    validating,
)
from oauth_guard.issuers.members import add_resource
from oauth_guard.issuers.remarks import RemarkLog
from oauth_guard.issuers.shared_audience import accepted_tokens, warn_of_shared_audience
from oauth_guard.issuers.tenants import TenantDirectory, Tenants
from oauth_guard.jose.header_cache import HeaderCache
from oauth_guard.protocol.access_token import Validation
from oauth_guard.protocol.measurements import Measurement, measurements_of
from oauth_guard.protocol.mismatch import listed, unknown_issuer
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.steps import Step

__all__ = ["IssuerRouter"]


class IssuerRouter:
    """The issuers that a guard trusts. A token's `iss` only selects one of them.

    A JWT is validated by the issuer that it names, and sent to no other. An opaque token names
    no issuer, so it is introspected at the one issuer that accepts opaque tokens. If several
    accept them, each receives the tokens of the others; that needs `share_tokens`. They are then
    tried in order until one accepts the token.

    Tenants are looked up after the listed issuers, by a name that none of those has.

    Args:
        issuers: At least one. An identifier may occur several times: once in an entry that
            introspects the opaque tokens of the issuer, and in several that verify the signature
            of its JWTs, if no two accept the same `alg`.
        share_tokens: Allow that a token that names no issuer is sent to each issuer that accepts
            such tokens.
        store: Where introspection results are stored beyond this process.
        budget: The memory that introspection results may take in this process.
        clock: Returns seconds since the epoch.
        monotonic: Returns monotonic seconds.

    Raises:
        ConfigurationError: There is no issuer, an issuer lacks a member of `Issuer`, two issuers
            of the same kind have one identifier, or issuers would receive each other's tokens
            without `share_tokens`.
    """

    def __init__(  # noqa: PLR0913 - settings
        self,
        issuers: Iterable[Issuer | Tenants],
        *,
        share_tokens: bool = False,
        store: Store | None = None,
        budget: ByteBudget | None = None,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._listed = listed = check_listed(issuers)
        check_store(store)
        self._issuers = [
            cached(each, store, budget=budget, clock=clock, monotonic=monotonic)
            for each in listed
            if not isinstance(each, Tenants)
        ]
        self._directories = [
            TenantDirectory(each, store, budget=budget, clock=clock, monotonic=monotonic)
            for each in listed
            if isinstance(each, Tenants)
        ]
        self._header_cache = HeaderCache()
        self._was_ready = False
        self._remarks = RemarkLog()
        names = dict.fromkeys(each.issuer for each in self._issuers)
        self._named = {name: validating(name, self._issuers) for name in names}
        self.published_names = published_names(listed)
        self._by_prefix = by_prefix(self._issuers)
        self._for_opaque = accepting_opaque(self._issuers)
        self._for_unnamed_jwts = [each for each in self._issuers if each.accepts_unnamed_jwts]
        self._accepts_unnamed = any((self._for_opaque, self._for_unnamed_jwts, self._by_prefix))
        self._not_introspecting = [each for each in self._issuers if not each.can_introspect]
        if not share_tokens:
            check_not_shared(self._for_opaque, self._for_unnamed_jwts)

    @property
    def names(self) -> tuple[str, ...]:
        """The identifiers of the listed issuers, in order; tenants are not included."""
        return tuple(self._named)

    @property
    def without_introspection(self) -> tuple[str, ...]:
        """The identifiers of the listed issuers that can't introspect."""
        return tuple(each.issuer for each in self._not_introspecting)

    def check_can_introspect(self) -> None:
        """Raise `ConfigurationError` unless every listed issuer can introspect."""
        if names := self.without_introspection:
            raise ConfigurationError(
                f"introspect=True needs introspection, which {' and '.join(names)} lacks: write "
                "JWTIssuer(..., introspection=IntrospectionIssuer(...))."
            )

    @property
    def ready(self) -> bool:
        """Whether a token of each listed issuer can be validated now without waiting."""
        return all(issuer.ready for issuer in self._issuers)

    @property
    def was_ready(self) -> bool:
        """Whether `ready` is or was true, read here or after a token was validated.

        For a readiness probe: an outage later is no reason to stop serving requests.
        """
        self._was_ready = self._was_ready or self.ready
        return self._was_ready

    def measurements(self) -> Iterator[Measurement]:
        """Yield what the listed issuers measure; tenants are not included."""
        for each in self._listed:
            yield from measurements_of(each)

    async def validate(self, token: RawToken, *, introspect: bool = False) -> Validation:
        """Validate *token* at the issuer that it names, or else at those that need no name.

        Args:
            token: The token as received.
            introspect: Introspect the token now, and use no cached result.

        Raises:
            InvalidToken: It is malformed, names no trusted issuer, or its issuer rejects it.
            IssuerUnavailable: Its issuer can't be reached.
            ConfigurationError: *introspect* is set, and its issuer can't introspect.
        """
        if not self._was_ready:
            _check_event_loop()
        issuers = self._issuers_of_unnamed(token) if self._accepts_unnamed else ()
        if issuers:
            validation = await self._validate_with_any(issuers, token, introspect=introspect)
        else:
            signed = token.parse(self._header_cache)
            name = signed.claims.get("iss")
            issuer = self._issuer_named(name, signed.header.algorithm)
            if issuer is not None:
                self._choose(issuer, token, introspect=introspect)
                validation = await issuer.validate(token, introspect=introspect)
            else:
                validation = await self._validate_with_tenant(name, token, introspect=introspect)
            if not signed.header.is_cached:
                self._header_cache.add(signed)
        if validation.token.remarks:
            self._remarks.log(validation.token)
        self._was_ready = self._was_ready or self.ready
        return validation

    def accepted_tokens(self, resource: str) -> frozenset[tuple[str, str]]:
        """Return what a guard of *resource* accepts; log if a guard of another one does too.

        Each issuer that has a method `add_resource` receives *resource*.
        """
        for part in (*self._listed, *self._directories):
            add_resource(part, resource)
        warn_of_shared_audience(self._listed, resource)
        return accepted_tokens(self._listed, resource)

    def start(self) -> None:
        """Let each issuer start to fetch what it needs."""
        _check_event_loop()
        for issuer in self._issuers:
            issuer.start()

    async def load(self) -> None:
        """Load all issuers concurrently, and wait for each, even if another one is unavailable.

        Raises:
            IssuerUnavailable: An issuer can't be reached; the first failure is raised.
        """
        self.start()
        failures: list[IssuerUnavailable] = []
        for issuer in self._issuers:
            try:
                await issuer.load()
            except IssuerUnavailable as error:
                failures.append(error)
        if failures:
            raise failures[0]

    async def aclose(self) -> None:
        """Close each issuer and each tenant, even if closing another one fails."""
        async with AsyncExitStack() as stack:
            for directory in self._directories:
                stack.push_async_callback(directory.aclose)
            for issuer in self._issuers:
                stack.push_async_callback(issuer.aclose)

    def _issuers_of_unnamed(self, token: RawToken) -> Sequence[Issuer]:
        """Return the issuers that accept *token* although it names no issuer; none if it names one.

        Raises:
            InvalidToken: It is malformed.
        """
        for prefix, issuer in self._by_prefix.items():
            if token.text.startswith(prefix):
                return (issuer,)
        if self._for_opaque and token.is_opaque:
            return self._for_opaque
        if self._for_unnamed_jwts and (
            token.is_encrypted or "iss" not in token.parse(self._header_cache).claims
        ):
            return self._for_unnamed_jwts
        return ()

    def _issuer_named(self, name: object, algorithm: str) -> Issuer | None:
        """Return the issuer with this *name*; of several the one that accepts *algorithm*."""
        issuers = self._named.get(name) if isinstance(name, str) else None
        if issuers is None:
            return None
        if len(issuers) > 1:
            for issuer in issuers:
                if algorithm in algorithms_of(issuer):
                    return issuer
        return issuers[0]

    def _choose(self, issuer: Issuer, token: RawToken, *, introspect: bool = False) -> None:
        """Check that *issuer* can introspect if it must, and append it to the trace of *token*."""
        if introspect and any(issuer is each for each in self._not_introspecting):
            raise _cannot_introspect(issuer)
        if token.trace is not None:
            token.trace.passed(Step.ISSUER, issuer.issuer, listed(self.names))

    async def _validate_with_any(
        self, issuers: Sequence[Issuer], token: RawToken, *, introspect: bool
    ) -> Validation:
        """Return the validation by the first of *issuers* that accepts *token*.

        If none accepts it and one is unavailable, the token may be valid: the outage is raised.
        """
        unavailable: IssuerUnavailable | None = None
        invalid: InvalidToken | None = None
        for issuer in issuers:
            self._choose(issuer, token, introspect=introspect)
            try:
                validation = await issuer.validate(token, introspect=introspect)
            except IssuerUnavailable as error:
                unavailable = unavailable or error
            except InvalidToken as error:
                invalid = invalid or error
            else:
                return validation if issuer is issuers[0] else _not_reusable(validation)
        raise unavailable or invalid or InvalidToken(Reason.UNKNOWN_ISSUER)

    async def _validate_with_tenant(
        self, name: object, token: RawToken, *, introspect: bool
    ) -> Validation:
        if isinstance(name, str):
            for directory in self._directories:
                issuer = await directory.find(name)
                if issuer is None:
                    continue
                if introspect and not issuer.can_introspect:
                    raise _cannot_introspect(issuer)
                self._choose(issuer, token)
                validation = await issuer.validate(token, introspect=introspect)
                if directory is not self._directories[0]:
                    return _not_reusable(validation)
                return directory.limit(name, issuer, validation)
        raise unknown_issuer(self.names, name)


def _check_event_loop() -> None:
    """Reject trio, under which a fetch would fail in the middle of a request."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            "oauth_guard runs on asyncio: start the server with it, such as hypercorn without "
            "--worker-class trio."
        ) from None


def _cannot_introspect(issuer: Issuer) -> ConfigurationError:
    return ConfigurationError(f"introspect=True needs introspection, which {issuer.issuer} lacks.")


def _not_reusable(validation: Validation) -> Validation:
    """Return *validation* for this request alone: an issuer before this one may accept it later."""
    return validation._replace(is_current=None)
