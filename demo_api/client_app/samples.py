"""samples(): programs that walk the flow of a walk, with the values of this run."""

import shlex
from dataclasses import dataclass

from demo_api.client_app.flows import FlowKind
from demo_api.client_app.walks import Walk


@dataclass(frozen=True)
class Sample:
    """One program, ready to copy."""

    language: str
    text: str


def samples(walk: Walk, origin: str) -> list[Sample]:
    """Return the samples for *walk*: with the secret of its client, and no token."""
    if walk.kind is FlowKind.CODE:
        return []
    client, secret = walk.client.client_id, walk.client.client_secret or ""
    return [
        Sample("curl", _curl(client, secret, origin)),
        Sample("Python (httpx)", _python(client, secret, origin)),
    ]


def _curl(client: str, secret: str, origin: str) -> str:
    return f"""\
TOKEN=$(curl -s -u {shlex.quote(f"{client}:{secret}")} {origin}/v1/auth/oauth2/token \\
    -d grant_type=password -d username=svc-etl -d password=etl-moves-rows |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
curl -s {origin}/v1/data/employees -H "Authorization: Bearer $TOKEN"
"""


def _python(client: str, secret: str, origin: str) -> str:
    return f"""\
import httpx

with httpx.Client(base_url="{origin}", trust_env=False) as http:
    issued = http.post(
        "/v1/auth/oauth2/token",
        auth=({client!r}, {secret!r}),
        data={{
            "grant_type": "password",
            "username": "svc-etl",
            "password": "etl-moves-rows",
        }},
    ).raise_for_status().json()
    headers = {{"Authorization": f"Bearer {{issued['access_token']}}"}}
    print(http.get("/v1/data/employees", headers=headers).raise_for_status().text)
"""
