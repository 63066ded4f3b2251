"""Pages of the client application: templates, their headers, and the diagram's coordinates."""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from demo_api.client_app.flows import STEPS, TITLES, Message, Party
from demo_api.client_app.walks import Walk
from demo_api.flow_events import FlowEvent

HEADERS = {
    # No form-action: Chromium applies it to redirects, and one form redirects to the
    # authorization server.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals |= {"TITLES": TITLES, "STEPS": STEPS, "PARTIES": list(Party)}
_texts = _environment.overlay(autoescape=False, keep_trailing_newline=True)
_ROW, _TOP = 46, 40


@dataclass(frozen=True)
class Arrow:
    """A message in the diagram. Columns are percentages of the width, rows are pixels."""

    number: int
    message: Message
    event: FlowEvent | None

    @property
    def start(self) -> float:
        """The column of the sender."""
        return _column(self.message.sender)

    @property
    def end(self) -> float:
        """The column of the receiver."""
        return _column(self.message.receiver)

    @property
    def middle(self) -> float:
        """The column of the label."""
        return (self.start + self.end) / 2

    @property
    def row(self) -> int:
        """The row of the arrow."""
        return _TOP + _ROW * (self.number - 1)

    @property
    def direction(self) -> str:
        """The side to which the arrow points: `right` or `left`."""
        return "right" if self.end > self.start else "left"


def arrows(walk: Walk) -> list[Arrow]:
    """Return the messages of *walk* as arrows."""
    return [
        Arrow(number, message, walk.event_of(message))
        for number, message in enumerate(walk.messages, start=1)
    ]


def height(walk: Walk) -> int:
    """Return the height of the diagram of *walk*, in pixels."""
    return _TOP + _ROW * len(walk.messages)


def page(template: str, status: int = 200, **values: object) -> HTMLResponse:
    """Return *template* filled with *values*."""
    return HTMLResponse(_environment.get_template(template).render(**values), status, HEADERS)


def fragment(template: str, **values: object) -> str:
    """Return *template* filled with *values*, as a part of a page."""
    return _environment.get_template(template).render(**values)


def text(template: str, **values: str) -> str:
    """Return *template*, which is no HTML, filled with *values*."""
    return _texts.get_template(template).render(**values)


def _column(party: Party) -> float:
    return 12.5 + 25 * list(Party).index(party)
