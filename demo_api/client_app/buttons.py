"""EXPERIMENTS: the buttons that break something, each with what it does and what to do then."""

from dataclasses import dataclass

from demo_api.client_app.experiments import Experiments, Run


@dataclass(frozen=True)
class Experiment:
    """A button and what the page says about it.

    Attributes:
        label: The text of the button.
        about: What it does, for somebody who does not know the terms.
        run: Sends its requests.
        advice: One sentence on what a client should do about the response.
    """

    label: str
    about: str
    run: Run
    advice: str


EXPERIMENTS = {
    "no-token": Experiment(
        "No token",
        "Calls the API as somebody who knows its address alone.",
        Experiments.no_token,
        "Read the document that resource_metadata names, and get a token from the authorization"
        " server that it lists.",
    ),
    "expired": Experiment(
        "Expired token",
        "A token ends after minutes, so that a lost one is of little use. This one ended 55 "
        "minutes ago.",
        Experiments.expired,
        "Get a new token once, with the refresh token or by a new flow; do not repeat the old one.",
    ),
    "audience": Experiment(
        "Token for another API",
        "Each token names the API that it is for. This one is for the payroll.",
        Experiments.audience,
        "Request a token for this resource; a token is never passed on to an API that it was not"
        " issued for.",
    ),
    "forged": Experiment(
        "Forged signature",
        "The authorization server signs each token. Here the signature is changed.",
        Experiments.forged,
        "Get a new token once; if that fails too, something between client and server changes it.",
    ),
    "none": Experiment(
        "Algorithm none",
        "A token says by which algorithm it is signed. This one says: by none.",
        Experiments.unsigned,
        "Nothing: no honest client makes a token itself, and the guard accepts no unsigned one.",
    ),
    "id-token": Experiment(
        "ID token instead of the access token",
        "The client also got a token that says who signed in. It is for the client, not for "
        "the API.",
        Experiments.id_token,
        "Send the access token: the ID token only says to the client who signed in.",
    ),
    "scope": Experiment(
        "Too little scope",
        "You allowed reading. Here the client tries to add a person.",
        Experiments.scope,
        "Send the person to consent again, with the scope that the challenge names.",
    ),
    "record": Experiment(
        "Another owner's record",
        "The token is good, and the record belongs to another organisation.",
        Experiments.record,
        "Show that there is no such record; the API does not say whether it exists, and a new token"
        " changes nothing.",
    ),
    "revoked": Experiment(
        "Revoked token",
        "The client gives a token back before it ends, as at a sign-out, and then uses it.",
        Experiments.revoked,
        "Forget the token and ask the person to sign in; a signed token would have worked until it"
        " expired, an opaque one that the API introspected before for 10 seconds at most.",
    ),
    "stolen": Experiment(
        "Steal the token",
        "A program that has seen the token of this walk, in a log for example, sends a copy.",
        Experiments.stolen,
        "Keep tokens on a server and short-lived: a bearer token works for everybody who has it.",
    ),
    "bound": Experiment(
        "Steal a token that is bound to a key",
        "Here each request needs a signature (a proof) by a key that only the client has. The thief"
        " has copied the token and one proof, but can't sign a new proof without the key.",
        Experiments.bound,
        "Keep the private key where it is and sign a new proof for each request; the token alone,"
        " or a proof that was used, opens nothing (DPoP, RFC 9449).",
    ),
    "rotation": Experiment(
        "Rotate the signing key now",
        "The authorization server signs tokens with a private key, and publishes the public "
        "key that verifies them. It replaces them from time to time, and immediately if the "
        "private one may be known to others. Here that happens now.",
        Experiments.rotation,
        "Nothing: old tokens work while the old key is published, and the API fetches the new key"
        " when the first token names it.",
    ),
    "signed-out": Experiment(
        "Sign out",
        "Signing out should end every token of the person, also those that are not expired. The "
        "API verifies a signed token by itself, so somebody must tell it.",
        Experiments.signed_out,
        "Ask the person to sign in again: the authorization server has told the API to accept no"
        " token from before (OpenID Connect Back-Channel Logout).",
    ),
    "socket": Experiment(
        "Sign out while a WebSocket is open",
        "A WebSocket sends its token once, when it is opened. It must not go on when the token is "
        "revoked or has expired.",
        Experiments.open_socket,
        "Do not open it again with the same token: 3003 says that it was revoked, 3000 that it has"
        " expired.",
    ),
    "outage": Experiment(
        "Stop the authorization server for 30 seconds",
        "It can fail. A signed token is verified without it; an opaque token says nothing by "
        "itself, and the API must ask the server about it.",
        Experiments.outage,
        "Keep the token and try again after Retry-After seconds: 503 says that the token could not"
        " be checked, not that it is bad. Signed tokens go on working.",
    ),
}
