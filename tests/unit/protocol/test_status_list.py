"""StatusList: its statuses, for each number of bits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import InvalidToken
from oauth_guard.protocol.status_list import StatusList
from tests.unit.protocol.properties import BOUNDED


@BOUNDED
@given(bits=st.sampled_from([1, 2, 4, 8]), data=st.data())
def test_status_is_found_at_its_index(bits: int, data: st.DataObject) -> None:
    """As a list of numbers that is written from the least significant bit on."""
    per_byte = 8 // bits
    count = data.draw(st.integers(1, 8)) * per_byte
    drawn = st.lists(st.integers(0, 2**bits - 1), min_size=count, max_size=count)
    statuses = data.draw(drawn)
    packed = bytearray(count // per_byte)
    for index, status in enumerate(statuses):
        packed[index // per_byte] |= status << (index % per_byte * bits)
    found = StatusList(bits, bytes(packed), None, None)
    assert [found.is_valid(index) for index in range(count)] == [each == 0 for each in statuses]
    with pytest.raises(InvalidToken):
        found.is_valid(count)
