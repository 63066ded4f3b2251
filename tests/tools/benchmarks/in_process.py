"""Everything that is timed in this process, in one interleaved run."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TypeAlias

from tests.tools.benchmarks.bound import bound
from tests.tools.benchmarks.figures import Figure
from tests.tools.benchmarks.measure import measure
from tests.tools.benchmarks.new import new
from tests.tools.benchmarks.rejected import rejected
from tests.tools.benchmarks.routes import routes
from tests.tools.benchmarks.rows import Group, bare_row
from tests.tools.benchmarks.seen import seen

Build: TypeAlias = Callable[[int], AbstractAsyncContextManager[Group]]

GROUPS: Mapping[str, Build] = {
    "seen": seen,
    "bound": bound,
    "new": new,
    "rejected": rejected,
    "routes": routes,
}


async def measure_in_process(names: Collection[str], rounds: int) -> dict[str, list[Figure]]:
    """Return the figures of the groups with these *names*.

    The time is processor time, since none of them waits.
    """
    async with AsyncExitStack() as stack:
        groups = {name: await stack.enter_async_context(GROUPS[name](rounds)) for name in names}
        rows = [bare_row(), *(row for group in groups.values() for row in group.rows)]
        once = {row.name: row for row in rows}  # the raw check, with which two groups are compared
        timings = (await measure([*once.values()], rounds)).busy
        return {name: group.figures(timings) for name, group in groups.items()}
