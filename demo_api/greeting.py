"""The texts that the demo prints: its address, its accounts and the next commands."""

import sys
from pathlib import Path

from demo_api import accounts

DEFAULT_ORIGIN = "http://127.0.0.1:8000"


def greeting(origin: str, client_origin: str, *, guide: str, opaque: bool = False) -> str:
    """Return the text printed at start; it says what *guide* is, and mentions *opaque* tokens."""
    note = f"\nIts tokens are opaque: the API introspects them as {accounts.API.client_id}.\n"
    return f"""\
Open {client_origin}

It is the client application of the demo, which walks the whole workflow with you. Its API and
authorization server are at {origin}
{note if opaque else ""}
{credentials(origin, client_origin)}

For a client of MCP (its people as tools):
    {origin}/mcp

Also in a browser:
    {origin}/                     home page
    {origin}/v1/fastapi/docs      sign in and get your identity
    {origin}/v1/auth/clients/new  register a client
    {origin}/guide/               {guide}
or in another terminal:
    {tour_command(origin)}
    {rejection_command(origin)}

Ctrl-C stops it. The rejections of the guard are logged below.
"""


def credentials(origin: str, client_origin: str = accounts.DEFAULT_CLIENT_ORIGIN) -> str:
    """Return every name and secret of the demo at *origin*, for people to read."""
    lines = [
        "Resource owners:",
        *(
            _row(owner.login_name, owner.password, f"{owner.display_name}, {owner.organisation}")
            for owner in accounts.RESOURCE_OWNERS
        ),
        "Service accounts:",
        *(
            _row(account.login_name, account.password, "sees every organisation")
            for account in accounts.SERVICE_ACCOUNTS
        ),
        "Clients:",
        *(
            _row(
                client.client_id,
                client.client_secret or "(public)",
                ", ".join(client.grant_types) or "introspects tokens",
            )
            for client in accounts.clients(origin, client_origin)
        ),
    ]
    return "\n".join(lines)


def tour_command(origin: str) -> str:
    """Return the command for the tour of the demo at *origin*."""
    option = "" if origin == DEFAULT_ORIGIN else f" --origin {origin}"
    return f"{_python()} -m demo_api.clients{option}"


def credentials_command() -> str:
    """Return the command that prints every secret of the demo."""
    return f"{_python()} -m demo_api credentials"


def token_command(origin: str) -> str:
    """Return the command that puts a token into the shell variable TOKEN."""
    client = next(one for one in accounts.clients(origin) if "password" in one.grant_types)
    account = accounts.SERVICE_ACCOUNTS[0]
    return f"""\
TOKEN=$(curl -s {origin}/v1/auth/oauth2/token \\
    --data-urlencode client_id={client.client_id} \\
    --data-urlencode 'client_secret={client.client_secret}' \\
    -d grant_type=password -d username={account.login_name} -d password={account.password} |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')"""


def call_command(origin: str) -> str:
    """Return the command that calls /v1/me with that token."""
    return f'curl -i {origin}/v1/me -H "Authorization: Bearer $TOKEN"'


def rejection_command(origin: str) -> str:
    """Return the command that calls /v1/me without a token."""
    return f"curl -i {origin}/v1/me"


def _python() -> Path:
    """Return the path of the running interpreter; a relative one below the working directory."""
    running, here = Path(sys.executable), Path.cwd()
    return running.relative_to(here) if running.is_relative_to(here) else running


def _row(name: str, secret: str, note: str) -> str:
    return f"    {name:<14}{secret:<27}{note}"
