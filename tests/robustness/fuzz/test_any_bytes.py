"""Any bytes at every door are answered: with an identity, a rejection or an outage."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.robustness.fuzz.targets import TARGETS, Target

quick = settings(max_examples=150, deadline=None, derandomize=True)

doors = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
pieces = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(
        [b"null", b"[]", b"{}", b"1e400", b"NaN", b"\xef\xbb\xbf", rb"\ud800", b"[" * 99, b"\0"]
    ),
)


@doors
def test_good_bytes_are_let_through(target: Target) -> None:
    """So whatever is made of them has come all the way."""
    assert {target.status(good) for good in target.good} == {200}


@doors
@quick
@given(st.binary())
def test_any_bytes_are_answered(target: Target, data: bytes) -> None:
    """Nothing that a caller or an issuer sends is a crash."""
    target.status(data)


@doors
@quick
@given(st.data())
def test_good_bytes_that_were_bent_are_answered(target: Target, data: st.DataObject) -> None:
    """Some bytes are cut out of what is good, and others put there."""
    good = data.draw(st.sampled_from(target.good))
    begin = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(begin, min(begin + 40, len(good))))
    target.status(good[:begin] + data.draw(pieces) + good[end:])
