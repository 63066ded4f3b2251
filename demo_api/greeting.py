"""What the demo says on a terminal: where it is, whom to be there, and what to type next."""

import sys
from pathlib import Path

from demo_api import cast

DEFAULT_ORIGIN = "http://127.0.0.1:8000"


def greeting(origin: str, *, opaque: bool = False) -> str:
    """Return what is said at start; where tokens are *opaque*, that too."""
    asks = f"\nIts tokens are opaque: the API asks what they stand for as {cast.API.client_id}.\n"
    return f"""\
The demo is at {origin}
{asks if opaque else ""}
{credentials(origin)}

Next, in a browser:
    {origin}/                     where to look
    {origin}/v1/fastapi/docs      sign in and ask who you are
    {origin}/v1/auth/clients/new  register a client of your own
or in another terminal:
    {tour_command(origin)}
    {refusal_command(origin)}

Ctrl-C stops it. What the guard refuses is told below.
"""


def credentials(origin: str) -> str:
    """Return every name and secret of the demo at *origin*, for people to read."""
    lines = [
        "Who can sign in:",
        *(
            _row(owner.login_name, owner.password, f"{owner.display_name}, {owner.organisation}")
            for owner in cast.RESOURCE_OWNERS
        ),
        "Service accounts:",
        *(
            _row(account.login_name, account.password, "sees every organisation")
            for account in cast.SERVICE_ACCOUNTS
        ),
        "Clients:",
        *(
            _row(
                client.client_id,
                client.client_secret or "(public)",
                ", ".join(client.grant_types) or "asks about tokens",
            )
            for client in cast.clients(origin)
        ),
    ]
    return "\n".join(lines)


def tour_command(origin: str) -> str:
    """Return what to type for the tour of the demo at *origin*."""
    option = "" if origin == DEFAULT_ORIGIN else f" --origin {origin}"
    return f"{_python()} -m demo_api.clients{option}"


def credentials_command() -> str:
    """Return what to type for every secret of the demo."""
    return f"{_python()} -m demo_api credentials"


def token_command(origin: str) -> str:
    """Return what to type for a token in the shell variable TOKEN."""
    client = next(one for one in cast.clients(origin) if "password" in one.grant_types)
    account = cast.SERVICE_ACCOUNTS[0]
    return f"""\
TOKEN=$(curl -s {origin}/v1/auth/oauth2/token \\
    --data-urlencode client_id={client.client_id} \\
    --data-urlencode 'client_secret={client.client_secret}' \\
    -d grant_type=password -d username={account.login_name} -d password={account.password} |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')"""


def call_command(origin: str) -> str:
    """Return what to type to ask who one is, with that token."""
    return f'curl -i {origin}/v1/me -H "Authorization: Bearer $TOKEN"'


def refusal_command(origin: str) -> str:
    """Return what to type to see the challenge: a call without a token."""
    return f"curl -i {origin}/v1/me"


def _python() -> Path:
    """Return the interpreter that runs, as it can be typed here."""
    running, here = Path(sys.executable), Path.cwd()
    return running.relative_to(here) if running.is_relative_to(here) else running


def _row(name: str, secret: str, note: str) -> str:
    return f"    {name:<14}{secret:<19}{note}"
