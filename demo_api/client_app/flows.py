"""The two flows as tables: the messages between the four parties, and what each party gets."""

from dataclasses import dataclass
from enum import StrEnum


class Party(StrEnum):
    """The four roles of RFC 6749 §1.1; the values are the names in events."""

    OWNER = "resource_owner"
    CLIENT = "client"
    AUTHORIZATION_SERVER = "authorization_server"
    RESOURCE_SERVER = "resource_server"


class FlowKind(StrEnum):
    """The two flows of the demo."""

    CODE = "code"
    PASSWORD = "password"  # noqa: S105 - the name of a flow


TITLES = {
    Party.OWNER: "Resource owner",
    Party.CLIENT: "Client",
    Party.AUTHORIZATION_SERVER: "Authorization server",
    Party.RESOURCE_SERVER: "Resource server",
}
STEPS = ("Request", "Consent", "Token", "Resource")


@dataclass(frozen=True)
class Message:
    """One message of a flow.

    Attributes:
        step: The number of its step, from 1 to 4.
        label: What it is, in a few words.
        reporter: The party whose own event shows that the message arrived or was sent.
        event: The name of that event.
        learns: What the receiver knows after it.
    """

    step: int
    sender: Party
    receiver: Party
    label: str
    reporter: Party
    event: str
    learns: str = ""


_O, _C = Party.OWNER, Party.CLIENT
_A, _R = Party.AUTHORIZATION_SERVER, Party.RESOURCE_SERVER

MESSAGES = {
    FlowKind.CODE: (
        Message(1, _O, _C, "Show me my people", _C, "start"),
        Message(1, _C, _A, "Authorization request", _A, "authorize", "PKCE challenge"),
        Message(2, _O, _A, "Name and password", _A, "sign-in", "Password"),
        Message(2, _O, _A, "I allow it", _A, "allow", "Consent"),
        Message(2, _A, _C, "Code, through the browser", _C, "callback", "Authorization code"),
        Message(3, _C, _A, "Code, verifier, client secret", _A, "token", "PKCE verifier"),
        Message(3, _A, _C, "Access token", _C, "token response", "Access token"),
        Message(4, _C, _R, "Request with the token", _R, "request", "Access token"),
        Message(4, _R, _C, "People", _C, "people", "People data"),
    ),
    FlowKind.PASSWORD: (
        Message(1, _O, _C, "Name and password", _C, "start", "Password"),
        Message(3, _C, _A, "Name, password, client secret", _A, "token", "Password"),
        Message(3, _A, _C, "Access token", _C, "token response", "Access token"),
        Message(4, _C, _R, "Request with the token", _R, "request", "Access token"),
        Message(4, _R, _C, "People", _C, "people", "People data"),
    ),
}

#: What each party knows before the flow begins.
KNOWN_BEFORE = {
    Party.OWNER: ("Password",),
    Party.CLIENT: ("Client secret",),
    Party.AUTHORIZATION_SERVER: ("Hash of the password", "Hash of the client secret"),
    Party.RESOURCE_SERVER: ("Public keys of the authorization server", "People data"),
}
