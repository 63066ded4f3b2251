"""ScriptedIssuer: an issuer that says what a test wrote, counts, and can be held back."""

import asyncio
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

from oauth_guard.errors import IssuerUnavailable, RequestRejected
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.raw_token import RawToken

ISSUER = "https://issuer.test"
CALLER: ContextVar[str] = ContextVar("CALLER", default="nobody")


def claims_of(token: str, **changes: Any) -> dict[str, Any]:
    """Return what an issuer says about a good *token*."""
    return {"iss": ISSUER, "sub": f"owner of {len(token)}", "scope": "read", **changes}


class ScriptedIssuer:
    """A `CacheableIssuer` for which each token is good, unless `says` has it otherwise.

    Attributes:
        says: The claims of a token, or the error that it gives; by the token.
        asked: How often it was asked.
        open: What a question waits for before it is answered.
        seen_caller: Who was the caller, where the last question was asked.
        log: What was done to it beside asking.
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
        self.rules = ClaimRules.of(ISSUER, required_claims=())
        self.cache_for = cache_for
        self.inactive_for = inactive_for
        self.cache_identity = tuple(cache_identity)
        self.says: Callable[[str], dict[str, Any] | Exception] = claims_of
        self.asked = 0
        self.seen_caller = ""
        self.let_through()
        self.log: list[str] = []

    def __repr__(self) -> str:
        return f"ScriptedIssuer({self.issuer!r})"

    async def validate(self, token: RawToken) -> AccessToken:
        """Say what was written."""
        self.asked += 1
        self.seen_caller = CALLER.get()
        said = self.says(token.text)
        await self.open.wait()
        if isinstance(said, Exception):
            raise said
        return AccessToken.from_claims(said, self.rules)

    def hold(self) -> asyncio.Event:
        """Let questions from now on wait for the event that is returned."""
        self.open = asyncio.Event()
        return self.open

    def let_through(self) -> None:
        """Answer questions from now on at once, while those that are held go on waiting."""
        self.open = asyncio.Event()
        self.open.set()

    def start(self) -> None:
        """Note it."""
        self.log.append("start")

    async def load(self) -> None:
        """Note it."""
        self.log.append("load")

    async def aclose(self) -> None:
        """Note it."""
        self.log.append("aclose")


async def begun() -> None:
    """Let every task go on until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


def says(outcome: dict[str, Any] | Exception) -> Callable[[str], dict[str, Any] | Exception]:
    """Return the script of an issuer that says one thing about each token."""
    return lambda _: outcome


async def verdict(asking: Callable[[RawToken], Any], token: str) -> object:
    """Return the claims that *asking* about *token* gives, or the reason of the refusal."""
    try:
        access_token = await asking(RawToken(token))
    except (RequestRejected, IssuerUnavailable) as error:
        return error.reason
    return dict(access_token.claims)
