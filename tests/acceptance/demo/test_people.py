"""People: every look and every change goes through what the caller may see."""

from collections.abc import Iterator

import pytest

from demo_api.database import open_database
from demo_api.people import Access, Member, People
from demo_api.roster import ROSTER

ISSUER = "http://127.0.0.1:8000"
FINANCE = Access(frozenset({"Finance"}))
NOTHING = Access()


@pytest.fixture
def people() -> Iterator[People]:
    """Give people who are just seeded, with a member of each kind."""
    engine = open_database()
    seeded = People(engine)
    seeded.seed(
        [
            Member(issuer=ISSUER, subject="one", display_name="One", organisation="Finance"),
            Member(issuer=ISSUER, subject="all", display_name="All", sees_everyone=True),
            Member(issuer=ISSUER, subject="none", display_name="None"),
        ]
    )
    yield seeded
    engine.dispose()


@pytest.mark.parametrize(
    ("issuer", "subject", "organisations"),
    [
        pytest.param(ISSUER, "one", {"Finance"}, id="a member of one"),
        pytest.param(ISSUER, "all", set(ROSTER), id="a member who sees everyone"),
        pytest.param(ISSUER, "none", set(), id="a member of none"),
        pytest.param(ISSUER, "stranger", set(), id="an unknown subject"),
        pytest.param("https://elsewhere.example", "one", set(), id="the subject of another issuer"),
        pytest.param("", "", set(), id="nobody"),
    ],
)
def test_access_is_what_was_written_down(
    people: People, issuer: str, subject: str, organisations: set[str]
) -> None:
    """Issuer and subject decide together; without an entry there is nothing to see."""
    assert people.access_of(issuer, subject).organisations == organisations


def test_only_those_in_sight_are_listed(people: People) -> None:
    """A list holds all of the caller's organisations and nobody else."""
    assert {each.organisation for each in people.everyone(FINANCE)} == {"Finance"}
    assert len(people.everyone(FINANCE)) == len(ROSTER["Finance"])
    assert people.everyone(NOTHING) == []


def test_somebody_out_of_sight_is_not_there(people: People) -> None:
    """Hidden and absent look the same, to eyes and to hands."""
    number = people.everyone(FINANCE)[0].id
    engineers = Access(frozenset({"Engineering"}))
    assert people.find(FINANCE, number)
    for access in (engineers, NOTHING):
        assert people.find(access, number) is None
        assert not people.remove(access, number)
    assert people.find(FINANCE, number)
    assert people.find(FINANCE, 10_000) is None


def test_people_come_and_go(people: People) -> None:
    """Who was added is found and counted until removed; the number is not used again."""
    before = people.headcount(FINANCE)["Finance"]
    added = people.add(FINANCE, "New", "Clerk", "Finance")
    assert added
    assert people.headcount(FINANCE) == {"Finance": before + 1}
    assert people.remove(FINANCE, added.id)
    assert not people.remove(FINANCE, added.id)
    another = people.add(FINANCE, "Newer", "Clerk", "Finance")
    assert another
    assert another.id > added.id


@pytest.mark.parametrize("organisation", ["Engineering", "Nowhere", ""])
def test_nobody_is_added_out_of_sight(people: People, organisation: str) -> None:
    """An organisation that is hidden takes nobody in, and none is made up."""
    assert people.add(FINANCE, "New", "Spy", organisation) is None
    assert people.headcount(FINANCE) == {"Finance": len(ROSTER["Finance"])}


def test_an_empty_organisation_is_counted(people: People) -> None:
    """When everybody has left, the count is 0 and not missing."""
    for each in people.everyone(FINANCE):
        people.remove(FINANCE, each.id)
    assert people.headcount(FINANCE) == {"Finance": 0}


def test_a_kept_database_is_not_filled_again(people: People) -> None:
    """Who was removed stays away after the next start."""
    gone = people.everyone(FINANCE)[0]
    people.remove(FINANCE, gone.id)
    people.seed([])
    assert gone.id not in {each.id for each in people.everyone(FINANCE)}
