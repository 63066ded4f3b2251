"""A peer in its own process executes its commands; ours does so in this environment too."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import pytest

from oauth_guard.testing import LocalIssuer, SigningKey
from tests.tools.benchmarks.endpoint import Endpoint, running_endpoint
from tests.tools.benchmarks.peers.guarded import AUDIENCE, ISSUER, Issuer
from tests.tools.benchmarks.peers.key_server import running_key_server
from tests.tools.benchmarks.peers.paths import Path as Sent
from tests.tools.benchmarks.peers.paths import Plan, build_paths
from tests.tools.benchmarks.peers.process import Process
from tests.tools.benchmarks.peers.run import make_plan
from tests.tools.benchmarks.peers.timing import Timing

_LIBRARIES = ["authlib", "joserfc", "ours", "pyjwt"]  # the peers that this environment contains
_SENT = {
    "bare": [200],
    "unguarded": [200],
    "seen": [200],
    "new": [200],
    "none": [401],
    "junk": [401],
    "forged": [401],
}


@pytest.fixture(scope="module")
def issuer() -> LocalIssuer:
    """Return the issuer that all peers trust."""
    return LocalIssuer(ISSUER, audience=AUDIENCE, key=SigningKey("k1", "RS256"))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """Yield an introspection endpoint in its own process."""
    with running_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def key_server() -> Iterator[ExitStack]:
    """Yield the context of the key server, so that a test can stop it."""
    with ExitStack() as stack:
        yield stack


def _plan(issuer: LocalIssuer, endpoint: Endpoint, key_server: ExitStack) -> Plan:
    origin = key_server.enter_context(running_key_server(issuer.jwks))
    return make_plan(issuer, origin, f"{endpoint.origin}/introspect", rounds=1)


@pytest.mark.parametrize("setup", _LIBRARIES)
async def test_each_request_gets_the_expected_status(
    setup: str, issuer: LocalIssuer, endpoint: Endpoint, key_server: ExitStack
) -> None:
    """Only right statuses are timed, long headers included."""
    plan = _plan(issuer, endpoint, key_server)
    build = import_module(f"tests.tools.benchmarks.peers.setups.{setup}").build
    guarded = await build(Issuer(plan.origin, plan.introspection))
    paths = build_paths(guarded, plan)
    timing = Timing(paths)
    for measured in (await timing.warm_up(), await timing.round()):
        assert set(measured.seconds) == {path.name for path in paths}
        assert {name: measured.statuses[name] for name in _SENT} == _SENT
        sized = {each.name for each in paths if isinstance(each, Sent)} - set(_SENT)
        assert {status for size in sized for status in measured.statuses[size]} <= {400, 401}


def test_process_executes_commands_in_order(
    issuer: LocalIssuer, endpoint: Endpoint, key_server: ExitStack
) -> None:
    """Timing, concurrency, and valid tokens after the issuer stopped."""
    plan = _plan(issuer, endpoint, key_server)
    with Process(Path(sys.executable), "ours") as process:
        assert process.start(plan)["statuses"]["seen"] == [200]
        assert process.execute("round")["statuses"]["forged"] == [401]
        before = endpoint.calls
        assert process.execute("crowd") == 200
        assert endpoint.calls == before + 1
        assert process.execute("fetch keys") == 200
        key_server.close()
        assert process.execute("outage") == len(plan.kept)


def test_failed_process_reports_its_output(
    issuer: LocalIssuer, endpoint: Endpoint, key_server: ExitStack
) -> None:
    """The error contains its last output."""
    plan = _plan(issuer, endpoint, key_server)
    with (
        Process(Path(sys.executable), "unknown") as process,
        pytest.raises(RuntimeError, match=r"(?s)^unknown: .*No module named"),
    ):
        process.start(plan)
