"""People: every read and every change is limited to what the caller may see."""

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
    """Yield newly seeded people, with one member of each kind."""
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
        pytest.param("", "", set(), id="no subject"),
    ],
)
def test_access_follows_the_membership_of_issuer_and_subject(
    people: People, issuer: str, subject: str, organisations: set[str]
) -> None:
    """A caller without a membership sees nothing."""
    assert people.access_of(issuer, subject).organisations == organisations


def test_list_contains_employees_of_visible_organisations_only(people: People) -> None:
    """It contains all of them."""
    assert {each.organisation for each in people.everyone(FINANCE)} == {"Finance"}
    assert len(people.everyone(FINANCE)) == len(ROSTER["Finance"])
    assert people.everyone(NOTHING) == []


def test_hidden_employee_is_not_found_and_not_removed(people: People) -> None:
    """Hidden and absent give the same result."""
    number = people.everyone(FINANCE)[0].id
    engineers = Access(frozenset({"Engineering"}))
    assert people.find(FINANCE, number)
    for access in (engineers, NOTHING):
        assert people.find(access, number) is None
        assert not people.remove(access, number)
    assert people.find(FINANCE, number)
    assert people.find(FINANCE, 10_000) is None


def test_added_employee_is_found_and_counted_until_removed(people: People) -> None:
    """The number is not used again."""
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
def test_employee_is_not_added_to_a_hidden_organisation(people: People, organisation: str) -> None:
    """No organisation is created either."""
    assert people.add(FINANCE, "New", "Spy", organisation) is None
    assert people.headcount(FINANCE) == {"Finance": len(ROSTER["Finance"])}


def test_organisation_without_employees_is_counted_as_zero(people: People) -> None:
    """It is not missing from the result."""
    for each in people.everyone(FINANCE):
        people.remove(FINANCE, each.id)
    assert people.headcount(FINANCE) == {"Finance": 0}


def test_seeding_again_does_not_restore_removed_employees(people: People) -> None:
    """A restart keeps the removal."""
    gone = people.everyone(FINANCE)[0]
    people.remove(FINANCE, gone.id)
    people.seed([])
    assert gone.id not in {each.id for each in people.everyone(FINANCE)}
