"""UnknownKeys: the budget of fetches, the ten delays and the bounded table of keys."""

from oauth_guard.issuers.unknown_keys import UnknownKeys
from oauth_guard.jose.jws import JWSHeader
from tests.builders.clock import FakeClock


def header(key_id: str | None, algorithm: str = "RS256") -> JWSHeader:
    """Return the header of a token."""
    return JWSHeader(algorithm, "at+jwt", key_id)


def test_budget_is_three_and_regains_one_each_cooldown() -> None:
    """It never exceeds three."""
    clock = FakeClock(0)
    unknown = UnknownKeys(10, clock)
    for elapsed, expected in ((0, 3), (9.9, 0), (0.1, 1), (20, 2), (1000, 3)):
        clock.advance(elapsed)
        assert [unknown.take() for _ in range(4)] == [True] * expected + [False] * (4 - expected)


def test_clock_that_is_set_back_regains_nothing() -> None:
    """Nor does it lock the budget."""
    clock = FakeClock(100)
    unknown = UnknownKeys(10, clock)
    assert [unknown.take() for _ in range(3)] == [True] * 3
    clock.now = 50
    assert not unknown.take()
    clock.now = 60
    assert unknown.take()


def test_bad_signatures_have_one_of_the_three() -> None:
    """None, if the three are used up."""
    clock = FakeClock(0)
    unknown = UnknownKeys(10, clock)
    assert [unknown.take_for_bad_signature() for _ in range(3)] == [True, False, False]
    assert [unknown.take() for _ in range(3)] == [True, True, False]
    clock.advance(10)
    assert unknown.take()
    assert not unknown.take_for_bad_signature()


def test_ten_tokens_between_two_fetches_are_delayed() -> None:
    """A fetch for any cause counts."""
    unknown = UnknownKeys(10, FakeClock(0))
    for _ in range(2):
        assert [unknown.delay() for _ in range(12)] == [True] * 10 + [False] * 2
        unknown.fetch_started()


def test_scheduled_fetch_is_due_when_the_budget_regains_one() -> None:
    """It is scheduled once, and taken from the budget when it starts."""
    clock = FakeClock(0)
    unknown = UnknownKeys(10, clock)
    for _ in range(3):
        unknown.take()
    clock.advance(4)
    assert [unknown.schedule(), unknown.schedule(), unknown.due_at] == [True, False, 10]
    clock.advance(6)
    unknown.fetch_started()
    assert not unknown.take()
    assert unknown.schedule()
    assert unknown.due_at == 20


def test_scheduled_fetch_is_due_immediately_if_the_budget_is_not_empty() -> None:
    """Nothing is left to wait for."""
    unknown = UnknownKeys(10, FakeClock(5))
    assert unknown.schedule()
    assert unknown.due_at == 5


def test_key_is_remembered_for_thirty_seconds_from_its_first_use() -> None:
    """Later uses do not prolong it, so nobody can block a key before it is published."""
    clock = FakeClock(0)
    unknown = UnknownKeys(10, clock)
    for elapsed, fetches, first in ((0, 1, 1), (29.9, 2, 1), (0.1, 3, 3), (29, 4, 3)):
        clock.advance(elapsed)
        assert unknown.first_seen(header("k"), fetches) == first


def test_keys_differ_by_kid_and_algorithm() -> None:
    """A token without `kid` is another one than a token that names the text None."""
    unknown = UnknownKeys(10, FakeClock(0))
    headers = [header("a"), header("b"), header("a", "ES256"), header(None), header("None")]
    assert [unknown.first_seen(each, number) for number, each in enumerate(headers)] == [*range(5)]
    assert unknown.first_seen(header("\ud800"), 9) == 9


def test_table_of_keys_is_bounded() -> None:
    """The oldest is dropped, and looked for again."""
    unknown = UnknownKeys(10, FakeClock(0))
    for number in range(1025):
        unknown.first_seen(header(f"k{number}"), 1)
    assert unknown.first_seen(header("k1"), 2) == 1
    assert unknown.first_seen(header("k0"), 2) == 2
