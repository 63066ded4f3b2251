"""Arbitrary bytes in every input give a response: success, a rejection or an outage."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.robustness.fuzz.targets import TARGETS, Target

fuzzed = settings(max_examples=150, deadline=None, derandomize=True)

each_target = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
pieces = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(
        [b"null", b"[]", b"{}", b"1e400", b"NaN", b"\xef\xbb\xbf", rb"\ud800", b"[" * 99, b"\0"]
    ),
)


@each_target
def test_seeds_of_each_target_are_accepted(target: Target) -> None:
    """So the bytes that are derived from them reach the whole path."""
    assert {target.status(data) for data in target.accepted} == {200}


@each_target
@fuzzed
@given(st.binary())
def test_arbitrary_bytes_raise_no_exception(target: Target, data: bytes) -> None:
    """Neither from a caller nor from an issuer."""
    target.status(data)


@each_target
@fuzzed
@given(st.data())
def test_mutated_seeds_raise_no_exception(target: Target, data: st.DataObject) -> None:
    """A part of an accepted byte string is replaced by other bytes."""
    seed = data.draw(st.sampled_from(target.accepted))
    begin = data.draw(st.integers(0, len(seed)))
    end = data.draw(st.integers(begin, min(begin + 40, len(seed))))
    target.status(seed[:begin] + data.draw(pieces) + seed[end:])
