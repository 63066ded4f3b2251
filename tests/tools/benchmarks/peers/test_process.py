"""A peer in a process of its own does as it is told; ours does so in this environment too."""

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

_LIBRARIES = ["authlib", "joserfc", "ours", "pyjwt"]  # of those, this environment has them
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
    """Return the issuer that all trust."""
    return LocalIssuer(ISSUER, audience=AUDIENCE, key=SigningKey("k1", "RS256"))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """Yield an introspection endpoint in a process of its own."""
    with running_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def key_server() -> Iterator[ExitStack]:
    """Yield what the key server runs in, so that a test may end it."""
    with ExitStack() as stack:
        yield stack


def _plan(issuer: LocalIssuer, endpoint: Endpoint, key_server: ExitStack) -> Plan:
    origin = key_server.enter_context(running_key_server(issuer.jwks))
    return make_plan(issuer, origin, f"{endpoint.origin}/introspect", rounds=1)


@pytest.mark.parametrize("setup", _LIBRARIES)
async def test_each_request_is_answered_as_it_must_be(
    setup: str, issuer: LocalIssuer, endpoint: Endpoint, key_server: ExitStack
) -> None:
    """What is timed is the right answer, also that to a header of any length."""
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


def test_a_process_does_one_thing_after_the_other(
    issuer: LocalIssuer, endpoint: Endpoint, key_server: ExitStack
) -> None:
    """It is timed, stands in a crowd, and serves good tokens when the issuer is gone."""
    plan = _plan(issuer, endpoint, key_server)
    with Process(Path(sys.executable), "ours") as process:
        assert process.start(plan)["statuses"]["seen"] == [200]
        assert process.ask("round")["statuses"]["forged"] == [401]
        before = endpoint.calls
        assert process.ask("crowd") == 200
        assert endpoint.calls == before + 1
        assert process.ask("fetch keys") == 200
        key_server.close()
        assert process.ask("outage") == len(plan.kept)


def test_a_process_that_fails_says_why(
    issuer: LocalIssuer, endpoint: Endpoint, key_server: ExitStack
) -> None:
    """What it wrote last is in the error."""
    plan = _plan(issuer, endpoint, key_server)
    with (
        Process(Path(sys.executable), "nobody") as process,
        pytest.raises(RuntimeError, match=r"(?s)^nobody: .*No module named"),
    ):
        process.start(plan)
