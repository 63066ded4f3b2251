"""ScriptedIssuer: an issuer that returns what a test wrote, counts calls, and can be blocked."""

import asyncio
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

from oauth_guard.errors import IssuerUnavailable, RequestRejected
from oauth_guard.interfaces import TokenValidator
from oauth_guard.protocol.access_token import AccessToken, Validation
from oauth_guard.protocol.cache_settings import CacheSettings
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.raw_token import RawToken

ISSUER = "https://issuer.test"
CALLER: ContextVar[str] = ContextVar("CALLER", default="none")


def claims_of(token: str, **changes: Any) -> dict[str, Any]:
    """Return the claims that an issuer returns for a valid *token*."""
    return {"iss": ISSUER, "sub": f"owner of {len(token)}", "scope": "read", **changes}


class ScriptedIssuer:
    """An `Issuer` with cache settings that accepts each token, unless `script` says otherwise.

    Attributes:
        script: Returns, for a token, its claims or the error to raise.
        calls: How many times `validate` was called.
        gate: The event that a call of `validate` waits for before it returns.
        caller: The value of `CALLER` in the last call of `validate`.
        log: The other methods that were called, in order.
    """

    def __init__(
        self,
        *,
        cache_for: float = 60,
        inactive_for: float = 5,
        cache_identity: Iterable[str] = (ISSUER, f"{ISSUER}/introspect", "rs1"),
    ) -> None:
        self.issuer = ISSUER
        self.ready = True
        self.accepts_opaque = True
        self.accepts_unnamed_jwts = False
        self.can_introspect = True
        self.rules = ClaimRules.of(ISSUER, required_claims=())
        self.cache = CacheSettings(self.rules, tuple(cache_identity), cache_for, inactive_for)
        self.script: Callable[[str], dict[str, Any] | Exception] = claims_of
        self.calls = 0
        self.caller = ""
        self.unblock()
        self.log: list[str] = []

    def __repr__(self) -> str:
        return f"ScriptedIssuer({self.issuer!r})"

    async def validate(self, token: RawToken, *, introspect: bool = False) -> Validation:
        """Return the token that the script describes, or raise the error that it gives."""
        del introspect
        self.calls += 1
        self.caller = CALLER.get()
        outcome = self.script(token.text)
        await self.gate.wait()
        if isinstance(outcome, Exception):
            raise outcome
        return Validation(AccessToken.from_claims(outcome, self.rules), None)

    def block(self) -> asyncio.Event:
        """Make later calls of `validate` wait for the event that is returned."""
        self.gate = asyncio.Event()
        return self.gate

    def unblock(self) -> None:
        """Let later calls of `validate` return; those that wait already go on waiting."""
        self.gate = asyncio.Event()
        self.gate.set()

    def start(self) -> None:
        """Record the call."""
        self.log.append("start")

    async def load(self) -> None:
        """Record the call."""
        self.log.append("load")

    async def aclose(self) -> None:
        """Record the call."""
        self.log.append("aclose")


async def run_pending_tasks() -> None:
    """Run every task of the loop until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


def always(outcome: dict[str, Any] | Exception) -> Callable[[str], dict[str, Any] | Exception]:
    """Return a script with the same *outcome* for each token."""
    return lambda _: outcome


async def verdict(validator: TokenValidator, token: str, *, introspect: bool = False) -> object:
    """Return the claims that *validator* finds in *token*, or the reason of the rejection."""
    try:
        validation = await validator.validate(RawToken(token), introspect=introspect)
    except (RequestRejected, IssuerUnavailable) as error:
        return error.reason
    return dict(validation.token.claims)
