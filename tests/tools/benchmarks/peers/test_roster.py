"""Every peer has a setup, and every setup a peer."""

import ast
import re

import pytest

from tests.tools.benchmarks.peers import setups
from tests.tools.benchmarks.peers.environment import REQUIREMENTS
from tests.tools.benchmarks.peers.roster import OPAQUE, PEERS, Peer

_SETUPS = {path.stem: path for path in REQUIREMENTS.parent.glob("setups/*.py")}
_NAMED = {"auth0-api-python", "httpx"}  # installed as dependencies


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.setup)
def test_peer_has_a_setup_and_required_packages(peer: Peer) -> None:
    """It has a guard for opaque tokens or a reason why not."""
    tree = ast.parse(_SETUPS[peer.setup].read_text(encoding="utf-8"))
    assert "build" in {node.name for node in tree.body if isinstance(node, ast.AsyncFunctionDef)}
    names = {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    assert ("opaque" in names) != (OPAQUE in peer.dashes)
    wanted = set(re.findall(r"^[\w-]+", REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(peer.packages) <= wanted | _NAMED


def test_setup_has_a_peer() -> None:
    """No file is left over, except those that several share."""
    shared = {"__init__", "handwritten", "route"}
    assert setups.__doc__
    assert set(_SETUPS) - shared == {peer.setup for peer in PEERS}
