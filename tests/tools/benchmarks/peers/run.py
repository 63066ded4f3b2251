"""measure(): every peer in its own process, in the same rounds in turn."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from oauth_guard.testing import LocalIssuer, SigningKey
from tests.tools.benchmarks.endpoint import Endpoint, running_endpoint
from tests.tools.benchmarks.figures import PeerFigure
from tests.tools.benchmarks.peers.columns import Found, column_of
from tests.tools.benchmarks.peers.environment import prepare, versions
from tests.tools.benchmarks.peers.guarded import AUDIENCE, ISSUER
from tests.tools.benchmarks.peers.key_server import running_key_server
from tests.tools.benchmarks.peers.paths import ONCE, Plan
from tests.tools.benchmarks.peers.process import Process
from tests.tools.benchmarks.peers.roster import PEERS, Peer
from tests.tools.benchmarks.peers.stress import KEYS_LIVE, Rate
from tests.tools.benchmarks.peers.timing import WARM_UPS, Measured

_KEPT = 200
_LIFETIME = 3600


@dataclass(frozen=True)
class PeerTable:
    """The results of all peers.

    Attributes:
        figures: One for each cell, column by column.
        versions: The version of each measured package.
    """

    figures: Sequence[PeerFigure]
    versions: dict[str, str]


def measure(rounds: int, peers: Sequence[Peer] = PEERS) -> PeerTable:
    """Measure *peers*; the first run creates their environment, which takes a minute."""
    python = prepare()
    with ExitStack() as stack:
        endpoint = stack.enter_context(running_endpoint())
        processes = {peer.name: stack.enter_context(Process(python, peer.setup)) for peer in peers}
        found = _run_all(processes, endpoint, rounds)
    figures = [each for peer in peers for each in column_of(peer, found[peer.name])]
    packages = sorted({package for peer in peers for package in peer.packages})
    return PeerTable(figures, versions(packages))


def _run_all(processes: Mapping[str, Process], endpoint: Endpoint, rounds: int) -> dict[str, Found]:
    """Run the same steps for all peers, the outage last, and return the measurements."""
    issuer = LocalIssuer(ISSUER, audience=AUDIENCE, key=SigningKey("k1", "RS256"))
    with running_key_server(issuer.jwks) as origin:
        plan = make_plan(issuer, origin, f"{endpoint.origin}/introspect", rounds)
        for process in processes.values():
            process.start(plan)
        measured = [
            {name: Measured(**process.execute("round")) for name, process in processes.items()}
            for _ in range(rounds)
        ]
        crowds = {name: _crowd(process, endpoint) for name, process in processes.items()}
        rates = {name: process.execute("rate") for name, process in processes.items()}
        for process in processes.values():
            process.execute("fetch keys")
    time.sleep(KEYS_LIVE * 1.5)
    return {
        name: Found(
            rounds=[each[name] for each in measured],
            crowd=crowds[name],
            rates=[Rate(**rate) for rate in rates[name]],
            kept=process.execute("outage"),
        )
        for name, process in processes.items()
    }


def _crowd(process: Process, endpoint: Endpoint) -> tuple[int, int]:
    before = endpoint.calls
    served = process.execute("crowd")
    return endpoint.calls - before, served or 0


def make_plan(issuer: LocalIssuer, origin: str, introspection: str, rounds: int) -> Plan:
    """Return the input of every peer: tokens with the claims that each of them requires."""
    modulus = issuer.keys[0].private.public_key().public_numbers().n
    sent = (WARM_UPS + rounds) * ONCE
    new = [_token(issuer) for _ in range(sent)]
    return Plan(
        origin=origin,
        introspection=introspection,
        modulus=modulus,
        seen=_token(issuer),
        new=new,
        forged=[_forge(*pair) for pair in zip(new, [*new[1:], new[0]], strict=True)],
        kept=[_token(issuer) for _ in range(_KEPT)],
    )


def _token(issuer: LocalIssuer) -> str:
    now = issuer.claims()["iat"]
    return issuer.token("read", "write", exp=now + _LIFETIME, nbf=now, scp="read write", ver="2.0")


def _forge(token: str, other: str) -> str:
    return f"{token.rpartition('.')[0]}.{other.rpartition('.')[2]}"
