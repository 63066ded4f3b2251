"""add_employee(): the rules by which a caller adds an employee, for the API and for its tools."""

from demo_api.people import Access, Employee, People
from demo_api.schemas import NewEmployee


class NotAddedError(Exception):
    """The caller may not add this employee; the message says why, and *status* is that of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def add_employee(people: People, access: Access, new: NewEmployee) -> Employee:
    """Add *new* to its organisation, or to the only one that *access* shows.

    Raises:
        NotAddedError: *access* shows no organisation, several, or not that of *new*.
    """
    if not access.organisations:
        raise NotAddedError(403, "You belong to no organisation, so you can't add an employee.")
    organisation = new.organisation
    if organisation is None:
        if len(access.organisations) > 1:
            raise NotAddedError(422, "You see several organisations: name one.")
        (organisation,) = access.organisations
    employee = people.add(access, new.name, new.title, organisation)
    if employee is None:
        raise NotAddedError(403, "You may add people to your own organisation only.")
    return employee
