"""IssuerRouter: choose among the issuers that are trusted, before any of them is asked."""

import time
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack

from oauth_guard.errors import ConfigurationError, InvalidToken, IssuerUnavailable, Reason
from oauth_guard.interfaces import Clock, Issuer, Store
from oauth_guard.issuers.introspection_cache import cached
from oauth_guard.issuers.tenant_directory import TenantDirectory
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.jose.header_cache import HeaderCache
from oauth_guard.protocol.access_token import Validation
from oauth_guard.protocol.raw_token import USUAL_JWT_BEGINNING, RawToken

__all__ = ["IssuerRouter"]


class IssuerRouter:
    """The issuers that a guard trusts, by name. A token may name one, it never brings one.

    A JWT goes to the issuer that it names, or nowhere. An opaque token names none, so it goes
    to the one issuer that takes opaque tokens; where several do, each of them sees the tokens
    of the others, so that wants consent. Then they are asked in order until one vouches.

    Tenants stand behind the others: they are looked up by a name that is none of theirs.

    Args:
        issuers: At least one, each name once; or twice where an issuer has tokens of both kinds,
            so that its signature is enough for the JWTs and it is asked about the others.
        share_tokens: Consent that a token which names no issuer is shown to each that takes it.
        store: Where introspection results are stored beyond this process.
        clock: Returns seconds since the epoch.
        monotonic: Returns monotonic seconds.

    Raises:
        ConfigurationError: There is none, two of a kind have one name, or consent is missing.
    """

    def __init__(
        self,
        issuers: Iterable[Issuer | Tenants],
        *,
        share_tokens: bool = False,
        store: Store | None = None,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        listed = _listed(issuers)
        self._issuers = [
            cached(each, store, clock=clock, monotonic=monotonic)
            for each in listed
            if not isinstance(each, Tenants)
        ]
        self._without_introspection = [each for each in self._issuers if not each.can_introspect]
        self._directories = [
            TenantDirectory(each, store, clock=clock, monotonic=monotonic)
            for each in listed
            if isinstance(each, Tenants)
        ]
        self._headers = HeaderCache()
        self._named: dict[str, Issuer] = {}
        for issuer in self._issuers:
            known = self._named.get(issuer.issuer)
            if known is not None and known.accepts_opaque == issuer.accepts_opaque:
                raise ConfigurationError(f"issuers names {issuer.issuer} twice: once is enough.")
            if known is None or known.accepts_opaque:
                self._named[issuer.issuer] = issuer
        self._for_opaque = [each for each in self._issuers if each.accepts_opaque]
        self._for_jwts = [each for each in self._issuers if each.accepts_unnamed_jwts]
        self._takes_any_form = bool(self._for_opaque or self._for_jwts)
        if not share_tokens:
            _check_nobody_shares(self._for_opaque, self._for_jwts)

    @property
    def names(self) -> tuple[str, ...]:
        """The issuers' identifiers, in the order they were given; tenants are not told."""
        return tuple(self._named)

    @property
    def ready(self) -> bool:
        """Whether a token of each issuer could be judged now, without waiting."""
        return all(issuer.ready for issuer in self._issuers)

    @property
    def without_introspection(self) -> tuple[str, ...]:
        """The identifiers of the issuers that can't introspect; tenants are not included."""
        return tuple(each.issuer for each in self._without_introspection)

    @property
    def usual_beginning(self) -> bytes:
        """What nearly every token of these issuers begins with."""
        return b"" if self._takes_any_form else USUAL_JWT_BEGINNING

    def may_have_issued(self, token: RawToken) -> bool:
        """Tell at a glance whether *token* has a form that one of these issues."""
        return self._takes_any_form or token.may_be_jwt

    async def validate(self, token: RawToken, *, introspect: bool = False) -> Validation:
        """Return the validation of *token* by the issuer that it names.

        A token that names no issuer goes to the issuers that accept such tokens.

        Args:
            token: The token as received.
            introspect: Introspect the token now, and use no cached result.

        Raises:
            InvalidToken: It is malformed, names no trusted issuer, or its issuer rejects it.
            IssuerUnavailable: Its issuer can't be reached.
            ConfigurationError: *introspect* is set, and its issuer can't introspect.
        """
        issuer = None if introspect else self._issuer_named_by(token)
        if issuer is None:
            validation = await self._find_and_validate(token, introspect=introspect)
        else:
            validation = await issuer.validate(token)
        token.teach(self._headers)
        return validation

    def _issuer_named_by(self, token: RawToken) -> Issuer | None:
        """Return the issuer that *token* names; None if `_find_and_validate` must find it.

        A shortcut for guards that accept no opaque token: two coroutines fewer.

        Raises:
            InvalidToken: It is malformed.
        """
        name = None if self._takes_any_form else token.read(self._headers).claims.get("iss")
        return self._named.get(name) if isinstance(name, str) else None

    async def _find_and_validate(self, token: RawToken, *, introspect: bool) -> Validation:
        if self._for_opaque and token.opaque:
            return await self._validate_with_any(self._for_opaque, token, introspect=introspect)
        if self._for_jwts and token.encrypted:
            return await self._validate_with_any(self._for_jwts, token, introspect=introspect)
        claims = token.read(self._headers).claims
        if self._for_jwts and "iss" not in claims:
            return await self._validate_with_any(self._for_jwts, token, introspect=introspect)
        name = claims.get("iss")
        if not isinstance(name, str):
            raise InvalidToken(Reason.UNKNOWN_ISSUER)
        if name in self._named:
            return await self._validate_with(self._named[name], token, introspect=introspect)
        return await self._validate_with_tenant(name, token, introspect=introspect)

    async def _validate_with(
        self, issuer: Issuer, token: RawToken, *, introspect: bool
    ) -> Validation:
        if introspect and any(issuer is each for each in self._without_introspection):
            raise _cannot_introspect(issuer)
        return await issuer.validate(token, introspect=introspect)

    async def _validate_with_tenant(
        self, name: str, token: RawToken, *, introspect: bool
    ) -> Validation:
        for directory in self._directories:
            issuer = await directory.find(name)
            if issuer is None:
                continue
            if introspect and not issuer.can_introspect:
                raise _cannot_introspect(issuer)
            validation = await issuer.validate(token, introspect=introspect)
            if directory is not self._directories[0]:
                return _not_reusable(validation)
            return directory.limited(name, issuer, validation)
        raise InvalidToken(Reason.UNKNOWN_ISSUER)

    async def _validate_with_any(
        self, issuers: Sequence[Issuer], token: RawToken, *, introspect: bool
    ) -> Validation:
        """Return the validation by the first of *issuers* that accepts *token*.

        If none does and one was unavailable, the token may be good, so the outage is raised.
        """
        unavailable: IssuerUnavailable | None = None
        refused: InvalidToken | None = None
        for issuer in issuers:
            try:
                validation = await self._validate_with(issuer, token, introspect=introspect)
            except IssuerUnavailable as error:
                unavailable = unavailable or error
            except InvalidToken as error:
                refused = refused or error
            else:
                return validation if issuer is issuers[0] else _not_reusable(validation)
        raise unavailable or refused or InvalidToken(Reason.UNKNOWN_ISSUER)

    def start(self) -> None:
        """Let each issuer begin to fetch what it needs."""
        for issuer in self._issuers:
            issuer.start()

    async def load(self) -> None:
        """Wait for each issuer, also when another one can't be asked; all fetch at once.

        Raises:
            IssuerUnavailable: One of them can't be asked.
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
        """Close each issuer and each tenant, also when another one can't be closed."""
        async with AsyncExitStack() as stack:
            for directory in self._directories:
                stack.push_async_callback(directory.aclose)
            for issuer in self._issuers:
                stack.push_async_callback(issuer.aclose)


def _listed(issuers: object) -> tuple[Issuer | Tenants, ...]:
    """Read what was configured, also by somebody who has no type checker."""
    example = '[JWTIssuer("https://login.example.com")]'
    if isinstance(issuers, str) or not isinstance(issuers, Iterable):
        raise ConfigurationError(f"issuers is a list of issuers: {example}.")
    listed = tuple(issuers)
    if not listed:
        raise ConfigurationError(f"issuers is empty: name one, {example}.")
    for each in listed:
        if not isinstance(each, Tenants) and not hasattr(each, "validate"):
            raise ConfigurationError(f"issuers holds {each!r}, which is no issuer: {example}.")
    return listed


def _check_nobody_shares(*groups: Sequence[Issuer]) -> None:
    """Refuse that several of a group see each other's tokens."""
    for group in groups:
        if len(group) > 1:
            raise ConfigurationError(
                f"{' and '.join(each.issuer for each in group)} take tokens that name no issuer, "
                "so each would see the other's tokens: leave one, or write share_tokens=True."
            )


def _cannot_introspect(issuer: Issuer) -> ConfigurationError:
    return ConfigurationError(f"introspect=True needs introspection, which {issuer.issuer} lacks.")


def _not_reusable(validation: Validation) -> Validation:
    """Return *validation* for this request alone: an issuer before this one may accept it later."""
    return Validation(validation.token, None)
