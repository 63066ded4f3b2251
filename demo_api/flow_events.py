"""FlowEvents: what each party did for one flow, as the party itself recorded it."""

import json
import re
from dataclasses import asdict, dataclass, field

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

#: The request header that names the flow; at the authorization endpoint, `state` starts with it.
FLOW_HEADER = "demo-flow"
AUTHORIZATION_SERVER, RESOURCE_SERVER = "authorization_server", "resource_server"

_FLOW = re.compile(r"[A-Za-z0-9_-]{22}")
_KEPT = 2_000


def flow_of(text: str) -> str | None:
    """Return the flow id at the start of *text*, before the first dot; None if there is none."""
    flow = text.partition(".")[0]
    return flow if _FLOW.fullmatch(flow) else None


@dataclass(frozen=True)
class FlowEvent:
    """One request that a party received, with its response; secrets are shortened.

    The resource server adds the *steps* of its guard.
    """

    party: str
    name: str
    request: str
    response: str
    steps: list[dict[str, str]] = field(default_factory=list)


class _Table(DeclarativeBase):
    pass


class _Record(_Table):
    __tablename__ = "flow_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    flow: Mapped[str] = mapped_column(index=True)
    document: Mapped[str]


class FlowEvents:
    """The newest 2,000 events, in one database. Every method blocks: call it from a thread."""

    def __init__(self, engine: Engine) -> None:
        """Use the database of *engine*."""
        _Table.metadata.create_all(engine)
        self._engine = engine

    def record(self, flow: str, event: FlowEvent) -> None:
        """Store *event* for *flow*."""
        with Session(self._engine) as session, session.begin():
            session.add(_Record(flow=flow, document=json.dumps(asdict(event))))
            session.flush()
            newest = session.scalar(select(func.max(_Record.id))) or 0
            session.execute(delete(_Record).where(_Record.id <= newest - _KEPT))

    def of(self, flow: str, after: int = 0) -> list[tuple[int, FlowEvent]]:
        """Return the events of *flow* whose number is larger than *after*, in order."""
        query = select(_Record).where(_Record.flow == flow, _Record.id > after).order_by(_Record.id)
        with Session(self._engine) as session, session.begin():
            return [
                (each.id, FlowEvent(**json.loads(each.document))) for each in session.scalars(query)
            ]
