"""CallerHistory: what one caller does at two processes, checked against when its tokens end."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from oauth_guard.testing import LocalIssuer
from tests.robustness.multi_process.guard_process import GuardProcess

Step: TypeAlias = tuple[Any, ...]

GRACE = 1.0  # seconds in which a revocation takes effect in every process
_TOLERANCE = 5  # seconds: tokens of a subject that are issued so much later are revoked too
_ROUNDING = 2  # seconds: whether a token that was issued about then is revoked is not checked
_NEVER = float("inf")
_CLAIMS = {"jti": "jti", "sid": "sid", "subject": "sub", "client_id": "client_id"}


class Revocation(NamedTuple):
    """A revocation that a process has confirmed.

    Attributes:
        claim: The claim that the revoked tokens have in common.
        value: Its value.
        confirmed_at: When it was confirmed, in seconds since the epoch.
        cut_off: Up to when revoked tokens were issued.
    """

    claim: str
    value: str
    confirmed_at: float
    cut_off: float

    def concerns(self, claims: dict[str, Any], allowance: float = 0) -> bool:
        """Return whether a token with these *claims* is revoked."""
        same: bool = claims[self.claim] == self.value
        return same and claims["iat"] <= self.cut_off + allowance


class Token(NamedTuple):
    """A token, and its claims."""

    text: str
    claims: dict[str, Any]


@dataclass(eq=False)
class CallerHistory:
    """One caller with a subject, a client and sessions of its own.

    Args:
        name: A name that no other caller has.
        local: The issuer of its tokens.
        service: The processes.

    Attributes:
        violations: What contradicts the promise.
        accepted: How often the caller was accepted.
        rejected: How often it was rejected.
    """

    name: str
    local: LocalIssuer
    service: Sequence[GuardProcess]
    violations: list[str] = field(default_factory=list)
    accepted: int = 0
    rejected: int = 0
    _tokens: list[Token] = field(default_factory=list)
    _revocations: list[Revocation] = field(default_factory=list)
    _socket: ClientConnection | None = None
    _socket_token: Token | None = None

    async def play(self, steps: Sequence[Step]) -> None:
        """Take all *steps*, one after another."""
        await self.issue("jwt", 60, 0)
        for name, *arguments in steps:
            await getattr(self, name)(*arguments)

    async def audit(self) -> None:
        """Check each token at each process, and the open socket."""
        await self.ping()
        for token in self._tokens:
            for process in self.service:
                await self._send(token, process)
        if self._socket is not None:
            await self._socket.close()

    async def issue(self, kind: str, lifetime: int, session: int) -> None:
        """Issue a token, which is the one to use from now on."""
        claims = self.local.claims(
            sub=self.name,
            client_id=f"client of {self.name}",
            sid=f"session {session} of {self.name}",
            exp=int(time.time()) + lifetime,
        )
        issue = self.local.token if kind == "jwt" else self.local.opaque_token
        self._tokens.append(Token(issue(**claims), claims))

    async def request(self, process: int, which: int) -> None:
        """Send an HTTP request with one of the tokens; 0 is the newest."""
        await self._send(self._tokens[-1 - which % len(self._tokens)], self.service[process])

    async def reconnect(self, process: int) -> None:
        """Open a socket with the newest token, in place of the one that is open."""
        if self._socket is not None:
            await self._socket.close()
        self._socket, token, started = None, self._tokens[-1], time.time()
        address = self.service[process].origin.replace("http", "ws", 1) + "/ws"
        fields = {"Authorization": f"Bearer {token.text}"}
        try:
            self._socket = await connect(address, additional_headers=fields, proxy=None)
        except InvalidStatus as error:
            status = error.response.status_code
            self._observe("handshake", token, started, accepted=False, status=status)
            return
        self._socket_token = token
        self._observe("handshake", token, started, accepted=True)

    async def renew(self, kind: str, lifetime: int, session: int) -> None:
        """Issue a token, and renew the open socket with it."""
        await self.issue(kind, lifetime, session)
        token, started = self._tokens[-1], time.time()
        reply = await self._exchange({"token": token.text})
        if reply is not None:
            accepted = "rejected" not in reply
            self._observe("renewal", token, started, accepted=accepted)
            self._socket_token = token if accepted else self._socket_token

    async def ping(self) -> None:
        """Send a message through the open socket."""
        token, started = self._socket_token, time.time()
        if self._socket is not None and token is not None:
            reply = await self._exchange({"ping": started})
            self._observe("message", token, started, accepted=reply is not None, late=GRACE)

    async def wait(self, seconds: float) -> None:
        """Do nothing for *seconds*."""
        await asyncio.sleep(seconds)

    async def revoke(self, by: str, process: int, which: int) -> None:
        """Revoke one token at *process*, or all that have its session, subject or client."""
        claim = _CLAIMS[by]
        value = self._tokens[which % len(self._tokens)].claims[claim]
        cut_off = time.time() + _TOLERANCE if by == "subject" else _NEVER
        response = await self.service[process].post("/revoke", {by: value})
        assert response.status_code == 204, response.text
        self._revocations.append(Revocation(claim, value, time.time(), cut_off))

    async def _send(self, token: Token, process: GuardProcess) -> None:
        started = time.time()
        response = await process.get(token.text)
        status = response.status_code
        self._observe("request", token, started, accepted=status == 200, status=status)

    async def _exchange(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Return the reply to *message*, or None if the socket is closed."""
        if self._socket is None:
            return None
        try:
            await self._socket.send(json.dumps(message))
            reply: dict[str, Any] = json.loads(await self._socket.recv())
        except ConnectionClosed:
            self._socket = None
            return None
        return reply

    def _observe(
        self,
        what: str,
        token: Token,
        started: float,
        *,
        accepted: bool,
        status: int = 401,
        late: float = 0,
    ) -> None:
        """Compare the outcome of what began at *started* with what was promised.

        A connection may go on for *late* seconds after the expiry of its token.
        """
        self.accepted += accepted
        self.rejected += not accepted
        ends = [token.claims["exp"] + late]
        ends += [
            each.confirmed_at + GRACE for each in self._revocations if each.concerns(token.claims)
        ]
        if accepted and started > min(ends):
            over = started - min(ends)
            self.violations.append(f"{self.name}: {what} accepted {over:.2f} s too late: {ends}")
        may_be_rejected = time.time() >= token.claims["exp"] or any(
            each.concerns(token.claims, _ROUNDING) for each in self._revocations
        )
        if not accepted and (status != 401 or not may_be_rejected):
            self.violations.append(f"{self.name}: {what} rejected without a reason: {status}")
