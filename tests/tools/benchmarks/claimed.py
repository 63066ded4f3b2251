"""DPoP requests whose proofs are claimed in a Valkey server: the commands for each."""

import asyncio
from collections.abc import Sequence

from redis import Redis

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.possession import DPoP
from oauth_guard.stores.redis_once import RedisOnce
from oauth_guard.testing import DPoPKey, LocalIssuer
from tests.builders.valkey_server import running_valkey
from tests.needs import PROGRAMS
from tests.tools.benchmarks.figures import Figure, Target
from tests.tools.benchmarks.request import status_for
from tests.tools.benchmarks.rows import RESOURCE, bare_app

_OK = 200
_TIMEOUT = 30


def measure_claims(requests: int = 100) -> list[Figure]:
    """Return how many commands the server gets for each of some *requests*; nothing without one."""
    if PROGRAMS["valkey-server"].find() is None:
        return []
    with running_valkey() as url:
        commands = asyncio.run(_commands(url, requests)) / requests
    name = "DPoP request with proofs in Valkey: commands"
    return [Figure(name, commands, "calls", Target(1, counted=True))]


async def _commands(url: str, requests: int) -> int:
    issuer, key = LocalIssuer(), DPoPKey()
    token = issuer.token("read", cnf=key.cnf)
    dpop = DPoP(replays=RedisOnce(url, timeout=_TIMEOUT))
    guard = Guard(RESOURCE, [JWTIssuer(issuer.issuer, keys=issuer.jwks)], dpop=dpop)
    app = OAuthGuardMiddleware(bare_app, guard)
    proofs = [key.proof(token, "GET", f"{RESOURCE}/") for _ in range(requests + 1)]
    with Redis.from_url(url) as client:
        async with guard:
            await _send(app, token, proofs[:1])  # opens the connection
            before = client.info("stats")["total_commands_processed"]
            await _send(app, token, proofs[1:])
            after = client.info("stats")["total_commands_processed"]
    return int(after) - int(before) - 1  # the command that reads the first number is counted too


async def _send(app: OAuthGuardMiddleware, token: str, proofs: Sequence[str]) -> None:
    for proof in proofs:
        fields = ((b"authorization", f"DPoP {token}".encode()), (b"dpop", proof.encode()))
        if (status := await status_for(app, fields)) != _OK:
            raise RuntimeError(f"the status was {status}, not {_OK}")
