"""IssuerRouter: choose among the issuers that are trusted, before any of them is asked."""

from collections.abc import Iterable
from contextlib import AsyncExitStack

from oauth_guard.errors import ConfigurationError, InvalidToken, IssuerUnavailable, Reason
from oauth_guard.interfaces import Issuer
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.presented_token import PresentedToken

__all__ = ["IssuerRouter"]


class IssuerRouter:
    """The issuers that a guard trusts, by name. A token may name one, it never brings one.

    Args:
        issuers: At least one, each name once.

    Raises:
        ConfigurationError: There is none, or two have one name.
    """

    def __init__(self, issuers: Iterable[Issuer]) -> None:
        self._issuers: dict[str, Issuer] = {}
        for issuer in issuers:
            if issuer.issuer in self._issuers:
                raise ConfigurationError(f"issuers names {issuer.issuer} twice: once is enough.")
            self._issuers[issuer.issuer] = issuer
        if not self._issuers:
            raise ConfigurationError(
                'issuers is empty: name one, [JWTIssuer("https://login.example.com")].'
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The issuers' identifiers, in the order they were given."""
        return tuple(self._issuers)

    @property
    def ready(self) -> bool:
        """Whether a token of each issuer could be judged now, without waiting."""
        return all(issuer.ready for issuer in self._issuers.values())

    async def validate(self, token: PresentedToken) -> AccessToken:
        """Ask the issuer that *token* names, if it is one of ours.

        Raises:
            InvalidToken: It is malformed, names none of ours, or its issuer refuses it.
            IssuerUnavailable: Its issuer can't be asked.
        """
        name = token.signed.claims.get("iss")
        issuer = self._issuers.get(name) if isinstance(name, str) else None
        if issuer is None:
            raise InvalidToken(Reason.UNKNOWN_ISSUER)
        return await issuer.validate(token)

    def start(self) -> None:
        """Let each issuer begin to fetch what it needs."""
        for issuer in self._issuers.values():
            issuer.start()

    async def load(self) -> None:
        """Wait for each issuer, also when another one can't be asked; all fetch at once.

        Raises:
            IssuerUnavailable: One of them can't be asked.
        """
        self.start()
        failures: list[IssuerUnavailable] = []
        for issuer in self._issuers.values():
            try:
                await issuer.load()
            except IssuerUnavailable as error:
                failures.append(error)
        if failures:
            raise failures[0]

    async def aclose(self) -> None:
        """Close each issuer, also when another one can't be closed."""
        async with AsyncExitStack() as stack:
            for issuer in self._issuers.values():
                stack.push_async_callback(issuer.aclose)
