"""What a guard remembers of good tokens is small, and of bad ones nothing."""

from tests.tools.benchmarks.memory import measure_memory


async def test_refused_tokens_leave_nothing() -> None:
    """Of junk, forgeries, strangers' tokens and others' nothing is held, of good ones a little."""
    remembered, opaque, _, refused, _ = await measure_memory(tokens=500)
    for figure in (remembered, opaque):
        assert figure.target is not None
        assert figure.target.holds(figure.value, slack=0.1)  # of few tokens, each takes a bit more
    assert refused.value == 0
