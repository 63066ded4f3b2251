"""Walk and Session: the flows that one browser walks through, with the tokens on the server."""

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from demo_api.accounts import RegisteredClient
from demo_api.client_app.flows import KNOWN_BEFORE, MESSAGES, FlowKind, Message, Party
from demo_api.client_app.own_clients import OwnClient
from demo_api.flow_events import FlowEvent

COOKIE = "client_session"
_LIFETIME = 3600
_SESSIONS, _WALKS = 500, 20


class Stage(StrEnum):
    """How far a walk is."""

    STARTED = "started"
    SENT = "sent"
    CODE = "code"
    TOKEN = "token"  # noqa: S105 - the name of a stage
    DONE = "done"
    DENIED = "denied"


@dataclass
class Walk:
    """One flow of one browser. Tokens and the verifier stay here, on the client's server."""

    kind: FlowKind
    client: RegisteredClient
    flow: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    stage: Stage = Stage.STARTED
    code: str = field(default="", repr=False)
    tokens: dict[str, Any] = field(default_factory=dict, repr=False)
    caller: dict[str, Any] = field(default_factory=dict)
    people: list[dict[str, Any]] = field(default_factory=list)
    problem: str = ""
    events: dict[tuple[str, str], FlowEvent] = field(default_factory=dict)
    newest: int = 0
    result: Any = None

    @property
    def state(self) -> str:
        """The `state` of the authorization request: the public flow id, then a secret part."""
        return f"{self.flow}.{self.nonce}"

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages of this flow."""
        return MESSAGES[self.kind]

    @property
    def access_token(self) -> str:
        """The access token."""
        return str(self.tokens["access_token"])

    def record(self, event: FlowEvent) -> None:
        """Record an event of a party; the first one of a name counts."""
        self.events.setdefault((event.party, event.name), event)

    def event_of(self, message: Message) -> FlowEvent | None:
        """Return the event that shows *message*, or None if its reporter has sent none."""
        return self.events.get((message.reporter, message.event))

    def known_by(self, party: Party) -> list[str]:
        """Return what *party* knows by the events so far."""
        learned = [
            message.learns
            for message in self.messages
            if message.receiver is party and message.learns and self.event_of(message)
        ]
        return list(dict.fromkeys([*KNOWN_BEFORE[party], *learned]))


@dataclass
class Session:
    """The walks of one browser, newest last."""

    cookie: str
    last_used: float
    form_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    walks: OrderedDict[str, Walk] = field(default_factory=OrderedDict)
    clients: dict[str, OwnClient] = field(default_factory=dict)
    problem: str = ""

    def add(self, walk: Walk) -> Walk:
        """Add *walk*; the oldest is removed where there are more than 20."""
        self.walks[walk.flow] = walk
        if len(self.walks) > _WALKS:
            self.walks.popitem(last=False)
        return walk

    @property
    def form_value(self) -> str:
        """The value that proves that a form is from a page of this session."""
        return hmac.new(self.form_key, b"form", "sha256").hexdigest()

    def is_own_form(self, value: str) -> bool:
        """Return whether *value* is from a page that was sent to this browser."""
        return hmac.compare_digest(self.form_value.encode(), value.encode())


class Sessions:
    """The sessions of all browsers, in memory: 500 at most, each for an hour after its last use."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Take the time from *clock*."""
        self._clock = clock
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def of(self, request: Request) -> Session:
        """Return the session of the browser that sent *request*; a new one if it has none."""
        now = self._clock()
        found = self._sessions.get(request.cookies.get(COOKIE, ""))
        if found is None or now > found.last_used + _LIFETIME:
            found = Session(secrets.token_urlsafe(32), now)
            self._sessions[found.cookie] = found
            if len(self._sessions) > _SESSIONS:
                self._sessions.popitem(last=False)
        found.last_used = now
        self._sessions.move_to_end(found.cookie)
        return found

    @staticmethod
    def set_cookie(response: Response, session: Session) -> Response:
        """Add the cookie of *session* to *response*, hidden from scripts and from other sites."""
        response.set_cookie(COOKIE, session.cookie, httponly=True, samesite="lax")
        return response
