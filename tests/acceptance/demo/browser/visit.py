"""Visit: a person with a browser, who finds things on a page by their roles and names."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

from tests.acceptance.demo.authorization_server.harness import CREDENTIALS
from tests.acceptance.demo.running import Walk

Role = Literal["button", "link"]
_MILLISECONDS = 20_000
_NETWORK = {"http", "https", "ws", "wss"}


@dataclass
class Visit:
    """One tab of a browser, at the client application *at*.

    Attributes:
        errors: What pages wrote to the console as errors, and what scripts raised.
        hosts: The hosts and ports to which pages sent requests.
    """

    page: Page
    at: Walk
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def open(self, path: str = "/") -> None:
        """Open *path* of the client application."""
        self.page.goto(self.at.client_origin + path)

    def press(self, name: str, role: Role = "button") -> None:
        """Press the button or link *name*."""
        self.page.get_by_role(role, name=name, exact=True).click()

    def heading(self, name: str | re.Pattern[str]) -> Locator:
        """Return the heading *name*."""
        return self.page.get_by_role("heading", name=name)

    def sees(self, heading: str) -> None:
        """Wait until the page has *heading*."""
        expect(self.heading(heading)).to_be_visible()

    def alert(self) -> Locator:
        """Return the alert of the page."""
        return self.page.get_by_role("alert")

    def start(self, flow: Literal["code", "password"] = "code") -> None:
        """Start a walk from the first page."""
        self.open()
        self.press(f"Walk the {flow} flow")
        self.page.wait_for_url("**/walks/*")

    def sign_in(self, name: str = "ada") -> None:
        """Sign *name* in on the page of the authorization server, by the keyboard."""
        password = CREDENTIALS["resource_owners"][name]["password"]
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_label("Password").press("Enter")

    def consent(self, name: str = "ada", decision: str = "Allow") -> None:
        """Go to the authorization server, sign *name* in and decide."""
        self.press("Go to the authorization server")
        self.sign_in(name)
        self.press(decision)

    def code(self, name: str = "ada") -> None:
        """Walk the code flow as *name* until the client has the code."""
        self.start()
        self.consent(name)
        self.sees("Step 3: the token")

    def token(self, name: str = "ada") -> None:
        """Walk the code flow as *name* until the client has the token."""
        self.code(name)
        self.press("Exchange the code for a token")
        self.sees("Step 4: the resource")

    def people(self, name: str = "ada") -> None:
        """Walk the whole code flow as *name*."""
        self.token(name)
        self.press("Call the API with the token")
        self.sees("The people that")

    def arrows(self) -> Locator:
        """Return the messages of the diagram."""
        return self.page.get_by_role("group", name="Sequence diagram").get_by_role("link")

    def lit(self, *numbers: int) -> None:
        """Wait until exactly the messages with *numbers* are lit in the diagram."""
        expect(self.page.locator("svg .arrow.lit")).to_have_count(len(numbers))
        ids = self.page.locator("svg .arrow.lit").evaluate_all("all => all.map(one => one.id)")
        assert ids == [f"arrow-{number}" for number in numbers]

    def known_by(self, party: str) -> str:
        """Return what the page says that *party* knows."""
        section = self.page.get_by_role("region", name="What each party knows now")
        item = section.get_by_role("listitem").filter(has=self.page.get_by_text(party, exact=True))
        return item.first.inner_text()


@contextmanager
def visiting(browser: Browser, at: Walk, **settings: Any) -> Iterator[Visit]:
    """Yield a person with an empty profile and *settings* of the browser's context.

    Afterwards no page has written an error, and every request went to this machine.
    """
    context = browser.new_context(**settings)
    context.set_default_timeout(_MILLISECONDS)
    expect.set_options(timeout=_MILLISECONDS)
    visit = Visit(context.new_page(), at)
    context.on("console", lambda each: _log(visit, each))
    context.on("weberror", lambda each: visit.errors.append(str(each.error)))
    context.on("request", lambda each: _note(visit, each))
    try:
        yield visit
    finally:
        context.close()
    assert not visit.errors
    assert {host.partition(":")[0] for host in visit.hosts} <= {"127.0.0.1", "localhost"}


def _log(visit: Visit, message: ConsoleMessage) -> None:
    if message.type == "error":
        visit.errors.append(message.text)


def _note(visit: Visit, request: Request) -> None:
    parts = urlsplit(request.url)
    if parts.scheme in _NETWORK:
        visit.hosts.add(parts.netloc)
