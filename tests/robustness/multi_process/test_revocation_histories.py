"""No request is accepted more than a second after its token was revoked, in any process."""

import asyncio
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.builders.valkey_cluster import command
from tests.builders.valkey_server import ValkeyServer
from tests.robustness.multi_process.caller_history import GRACE, CallerHistory, Step
from tests.robustness.multi_process.guard_process import GuardProcess
from tests.robustness.multi_process.introspection_server import IntrospectionServer

pytestmark = [pytest.mark.long, pytest.mark.needs("valkey-server")]

CALLERS = 40  # whose histories run concurrently

number = st.integers(0, 1)
kinds, lifetimes = st.sampled_from(["jwt", "opaque"]), st.sampled_from([2, 60, 60])
steps = st.one_of(
    st.tuples(st.just("issue"), kinds, lifetimes, number),
    st.tuples(st.just("renew"), kinds, lifetimes, number),
    st.tuples(st.just("request"), number, st.integers(0, 3)),
    st.tuples(st.just("reconnect"), number),
    st.tuples(st.just("ping")),
    st.tuples(
        st.just("revoke"),
        st.sampled_from(["jti", "jti", "sid", "subject", "client_id"]),
        number,
        st.integers(0, 3),
    ),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 0.5, 1.2])),
)
histories = st.lists(st.lists(steps, min_size=8, max_size=16), min_size=CALLERS, max_size=CALLERS)
names = count()


@pytest.fixture(scope="module")
def revocable(
    server: IntrospectionServer, valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[GuardProcess]]:
    """Run two processes that share one deny-list."""
    logs = tmp_path_factory.mktemp("logs")
    issuer = server.local.issuer
    with GuardProcess.pair(issuer, valkey.url, logs, "revocable_service") as pair:
        yield pair


async def play(
    server: IntrospectionServer,
    valkey: ValkeyServer,
    service: list[GuardProcess],
    drawn: list[list[Step]],
) -> list[CallerHistory]:
    """Play all histories concurrently, and cut each connection to the store meanwhile."""
    for process in service:
        process.reset()
    callers = [CallerHistory(f"u{next(names)}", server.local, service) for _ in drawn]
    async with asyncio.TaskGroup() as group:
        for caller, history in zip(callers, drawn, strict=True):
            group.create_task(caller.play(history))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(command, valkey, "CLIENT", "KILL", "TYPE", "normal")
    await asyncio.sleep(GRACE + 0.1)
    async with asyncio.TaskGroup() as group:
        for caller in callers:
            group.create_task(caller.audit())
    for process in service:
        await process.aclose()
    return callers


@settings(max_examples=3, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
@given(drawn=histories)
def test_no_request_is_accepted_a_second_after_its_revocation(
    drawn: list[list[Step]],
    server: IntrospectionServer,
    valkey: ValkeyServer,
    revocable: list[GuardProcess],
) -> None:
    """Over HTTP and WebSocket, with signed and opaque tokens; other tokens are accepted."""
    callers = asyncio.run(play(server, valkey, revocable, drawn))
    assert [each for caller in callers for each in caller.violations] == []
    assert min(sum(c.accepted for c in callers), sum(c.rejected for c in callers)) > CALLERS
