"""People: the employees of each organisation, and the organisations that a caller may see.

This module does not use OAuth. A caller is a pair of issuer and subject, and this module alone
stores what the pair may see.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, ForeignKey, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from demo_api.roster import ROSTER


class _Table(DeclarativeBase):
    pass


class Organisation(_Table):
    """A part of the company; other organisations may not see its employees."""

    __tablename__ = "organisations"

    name: Mapped[str] = mapped_column(primary_key=True)


class Employee(_Table):
    """A person who works in one organisation."""

    __tablename__ = "employees"
    # Never reuse the number of a removed employee.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own spelling

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    title: Mapped[str]
    organisation: Mapped[str] = mapped_column(ForeignKey(Organisation.name))


class Member(_Table):
    """A known caller and their organisation."""

    __tablename__ = "members"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    display_name: Mapped[str]
    organisation: Mapped[str | None] = mapped_column(ForeignKey(Organisation.name))
    sees_everyone: Mapped[bool] = mapped_column(default=False)


@dataclass(frozen=True)
class Access:
    """The organisations whose employees a caller may see and change."""

    organisations: frozenset[str] = frozenset()


class People:
    """The people in one database. Every method is a blocking transaction: call it from a thread."""

    def __init__(self, engine: Engine) -> None:
        """Use the database of *engine*."""
        self._engine = engine

    def seed(self, members: Iterable[Member]) -> None:
        """Fill an empty database with the roster, and store *members*."""
        _Table.metadata.create_all(self._engine)
        with self._transaction() as session:
            if session.scalar(select(func.count(Organisation.name))) == 0:
                session.add_all(Organisation(name=name) for name in ROSTER)
                session.flush()
                session.add_all(
                    Employee(name=name, title=title, organisation=organisation)
                    for organisation, staff in ROSTER.items()
                    for name, title in staff
                )
            for member in members:
                session.merge(member)

    def member(self, issuer: str, subject: str) -> Member | None:
        """Return the caller, or None if they are unknown."""
        with self._transaction() as session:
            return session.get(Member, (issuer, subject))

    def access_of(self, issuer: str, subject: str) -> Access:
        """Return what the caller may see; an unknown caller sees nothing."""
        with self._transaction() as session:
            member = session.get(Member, (issuer, subject))
            if member is None:
                return Access()
            if member.sees_everyone:
                return Access(frozenset(session.scalars(select(Organisation.name))))
            return Access(frozenset({member.organisation} if member.organisation else ()))

    def everyone(self, access: Access) -> list[Employee]:
        """Return the employees that *access* shows, ordered by organisation and name."""
        query = (
            select(Employee)
            .where(Employee.organisation.in_(access.organisations))
            .order_by(Employee.organisation, Employee.name)
        )
        with self._transaction() as session:
            return list(session.scalars(query))

    def find(self, access: Access, number: int) -> Employee | None:
        """Return an employee that *access* shows; None for hidden and absent alike."""
        with self._transaction() as session:
            return self._find(session, access, number)

    def add(self, access: Access, name: str, title: str, organisation: str) -> Employee | None:
        """Add an employee to an organisation that *access* shows; otherwise return None."""
        if organisation not in access.organisations:
            return None
        employee = Employee(name=name, title=title, organisation=organisation)
        with self._transaction() as session:
            session.add(employee)
        return employee

    def remove(self, access: Access, number: int) -> bool:
        """Remove an employee that *access* shows; return whether one was found."""
        with self._transaction() as session:
            employee = self._find(session, access, number)
            if employee is not None:
                session.delete(employee)
            return employee is not None

    def headcount(self, access: Access) -> dict[str, int]:
        """Return the number of employees of each organisation that *access* shows."""
        query = (
            select(Organisation.name, func.count(Employee.id))
            .outerjoin(Employee, Employee.organisation == Organisation.name)
            .where(Organisation.name.in_(access.organisations))
            .group_by(Organisation.name)
            .order_by(Organisation.name)
        )
        with self._transaction() as session:
            return dict(session.execute(query).all())

    def _find(self, session: Session, access: Access, number: int) -> Employee | None:
        employee = session.get(Employee, number)
        return employee if employee and employee.organisation in access.organisations else None

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session
