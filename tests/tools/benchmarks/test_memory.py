"""A guard uses little memory for valid tokens and none for invalid ones."""

from tests.tools.benchmarks.memory import measure_memory


async def test_rejected_tokens_leave_no_memory_in_use() -> None:
    """Junk, forgeries, and tokens of unknown issuers or for other audiences."""
    valid, opaque, _, rejected, _ = await measure_memory(tokens=500)
    for figure in (valid, opaque):
        assert figure.target is not None
        assert figure.target.is_met_by(
            figure.value, slack=0.1
        )  # with few tokens, each takes a little more
    assert rejected.value == 0
