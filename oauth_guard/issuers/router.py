"""IssuerRouter: choose among the issuers that are trusted, before any of them is asked."""

import dataclasses
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import TypeGuard

from oauth_guard.errors import ConfigurationError, InvalidToken, IssuerUnavailable, Reason
from oauth_guard.interfaces import Clock, ConfirmingIssuer, Issuer
from oauth_guard.issuers.tenant_directory import TenantDirectory
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.jose.header_cache import HeaderCache
from oauth_guard.protocol.access_token import AccessToken
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
        wrap: What is asked in the place of an issuer, such as a memory before it.
        clock: Tells monotonic seconds.

    Raises:
        ConfigurationError: There is none, two of a kind have one name, or consent is missing.
    """

    def __init__(
        self,
        issuers: Iterable[Issuer | Tenants],
        *,
        share_tokens: bool = False,
        wrap: Callable[[Issuer], Issuer] = lambda issuer: issuer,
        clock: Clock = time.monotonic,
    ) -> None:
        listed = _listed(issuers)
        self._issuers = [wrap(each) for each in listed if not isinstance(each, Tenants)]
        self._directories = [
            TenantDirectory(each, wrap, clock=clock) for each in listed if isinstance(each, Tenants)
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
    def unconfirmed(self) -> tuple[str, ...]:
        """The issuers that can't be asked about a token now."""
        return tuple(each.issuer for each in self._issuers if not _confirms(each))

    @property
    def usual_beginning(self) -> bytes:
        """What nearly every token of these issuers begins with."""
        return b"" if self._takes_any_form else USUAL_JWT_BEGINNING

    def may_have_issued(self, token: RawToken) -> bool:
        """Tell at a glance whether *token* has a form that one of these issues."""
        return self._takes_any_form or token.may_be_jwt

    async def validate(self, token: RawToken) -> AccessToken:
        """Ask the issuer that *token* names, if it is one of ours, or whoever takes such tokens.

        Raises:
            InvalidToken: It is malformed, names none of ours, or its issuer refuses it.
            IssuerUnavailable: Its issuer can't be asked.
        """
        issuer = self._issuer_named_by(token)
        if issuer is None:
            vouched_for = await self._judge(token, anew=False)
        else:
            vouched_for = await issuer.validate(token)
        token.teach(self._headers)
        return vouched_for

    async def confirm(self, token: RawToken) -> AccessToken:
        """Ask the same, but for what holds now, past every memory.

        Raises:
            InvalidToken: It is malformed, names none of ours, or its issuer refuses it now.
            IssuerUnavailable: Its issuer can't be asked.
            ConfigurationError: Its issuer was not set up to be asked.
        """
        return await self._judge(token, anew=True)

    def _issuer_named_by(self, token: RawToken) -> Issuer | None:
        """Return the issuer that *token* names; None where `_judge` must look further.

        A short cut past it, where no token is opaque: the same answer, two coroutines fewer.

        Raises:
            InvalidToken: It is malformed.
        """
        name = None if self._takes_any_form else token.read(self._headers).claims.get("iss")
        return self._named.get(name) if isinstance(name, str) else None

    async def _judge(self, token: RawToken, *, anew: bool) -> AccessToken:
        if self._for_opaque and token.opaque:
            return await _first(self._for_opaque, token, anew=anew)
        if self._for_jwts and token.encrypted:
            return await _first(self._for_jwts, token, anew=anew)
        claims = token.read(self._headers).claims
        if self._for_jwts and "iss" not in claims:
            return await _first(self._for_jwts, token, anew=anew)
        name = claims.get("iss")
        if not isinstance(name, str):
            raise InvalidToken(Reason.UNKNOWN_ISSUER)
        if name in self._named:
            return await _ask(self._named[name], token, anew=anew)
        return await self._ask_tenant(name, token, anew=anew)

    async def _ask_tenant(self, name: str, token: RawToken, *, anew: bool) -> AccessToken:
        for directory in self._directories:
            issuer = await directory.find(name)
            if issuer is None:
                continue
            said = await _ask(issuer, token, anew=anew)
            if said.stands is None:
                return said
            if directory is not self._directories[0]:
                return _asked_each_time(said)
            stands = directory.standing(name, issuer, said.stands)
            return dataclasses.replace(said, stands=stands)
        raise InvalidToken(Reason.UNKNOWN_ISSUER)

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


def _confirms(issuer: Issuer) -> TypeGuard[ConfirmingIssuer]:
    return isinstance(issuer, ConfirmingIssuer) and issuer.confirms


async def _ask(issuer: Issuer, token: RawToken, *, anew: bool) -> AccessToken:
    if not anew:
        return await issuer.validate(token)
    if _confirms(issuer):
        return await issuer.confirm(token)
    raise ConfigurationError(f"introspect=True wants {issuer.issuer} to be asked, and it can't be.")


async def _first(issuers: Sequence[Issuer], token: RawToken, *, anew: bool) -> AccessToken:
    """Return what the first issuer says that vouches for *token*.

    Where none does, one that could not be asked leaves open whether the token is good.
    """
    unavailable: IssuerUnavailable | None = None
    refused: InvalidToken | None = None
    for issuer in issuers:
        try:
            said = await _ask(issuer, token, anew=anew)
        except IssuerUnavailable as error:
            unavailable = unavailable or error
        except InvalidToken as error:
            refused = refused or error
        else:
            return said if issuer is issuers[0] else _asked_each_time(said)
    raise unavailable or refused or InvalidToken(Reason.UNKNOWN_ISSUER)


def _asked_each_time(token: AccessToken) -> AccessToken:
    """Return *token* as one to ask about each time: whoever comes first may have it another day."""
    return dataclasses.replace(token, stands=None)
