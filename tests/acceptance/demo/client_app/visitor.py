"""Visitor: a person with a browser without scripts, who walks the flows by their forms."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from bs4 import BeautifulSoup, Tag

from tests.acceptance.demo.authorization_server.harness import CREDENTIALS
from tests.acceptance.demo.running import Walk


@dataclass
class Visitor:
    """A browser that follows redirects, and keeps every text that it received."""

    at: Walk
    http: httpx.Client = field(
        default_factory=lambda: httpx.Client(timeout=20, trust_env=False, follow_redirects=True)
    )
    received: list[str] = field(default_factory=list)

    def open(self, address: str) -> httpx.Response:
        """Open *address*, which may be relative to the client application."""
        return self._keep(self.http.get(httpx.URL(self.at.client_origin).join(address)))

    def press(self, page: httpx.Response, button: str, **fields: str) -> httpx.Response:
        """Fill the form of *page* that has *button* and press it."""
        form = self.form(page, button)
        pressed = next(each for each in form.select("button") if _text(each) == button)
        data = {str(one["name"]): str(one.get("value", "")) for one in form.select("input")}
        if pressed.get("name"):
            data[str(pressed["name"])] = str(pressed["value"])
        address = page.url.join(str(form["action"]))
        return self._keep(self.http.post(address, data=data | fields))

    @staticmethod
    def form(page: httpx.Response, button: str) -> Tag:
        """Return the form of *page* that has *button*."""
        for form in _tree(page).select("form"):
            if any(_text(each) == button for each in form.select("button")):
                return form
        raise AssertionError(f"no button {button!r} on {page.url}: {page.text}")

    @staticmethod
    def form_value(page: httpx.Response) -> str:
        """Return the value that proves that a form is from *page*."""
        return str(_tree(page).select("[name=form_value]")[0]["value"])

    def code(self, name: str = "ada", decision: str = "Allow") -> httpx.Response:
        """Walk the code flow as *name* until the redirect after the *decision*."""
        return self.consent(self.press(self.open("/"), "Walk the code flow"), name, decision)

    def consent(
        self, page: httpx.Response, name: str = "ada", decision: str = "Allow"
    ) -> httpx.Response:
        """Go from *page* to the authorization server, sign *name* in and decide."""
        page = self.press(page, "Go to the authorization server")
        if "password" in page.text and _tree(page).select("#password"):
            password = CREDENTIALS["resource_owners"][name]["password"]
            page = self.press(page, "Sign in", username=name, password=password)
        return self.press(page, decision)

    def people(self, page: httpx.Response) -> httpx.Response:
        """Perform the last two steps of the code flow."""
        page = self.press(page, "Exchange the code for a token")
        return self.press(page, "Call the API with the token")

    def _keep(self, page: httpx.Response) -> httpx.Response:
        self.received += [each.text for each in (*page.history, page)]
        return page


@contextmanager
def visiting(at: Walk) -> Iterator[Visitor]:
    """Yield a person with a new browser; close it afterwards."""
    visitor = Visitor(at)
    with visitor.http:
        yield visitor


def lit(page: httpx.Response) -> list[int]:
    """Return the numbers of the messages that *page* shows as seen."""
    return [
        number
        for number, each in enumerate(_tree(page).select("svg .arrow"), start=1)
        if "lit" in each["class"]
    ]


def organisations(page: httpx.Response) -> set[str]:
    """Return the organisations of the people on *page*."""
    return {_text(each) for each in _tree(page).select("tbody td:last-child")}


def known_by(page: httpx.Response, party: str) -> list[str]:
    """Return what *page* says that *party* knows."""
    return [_text(each) for each in _tree(page).select(f"#knows-{party} li")]


def heading(page: httpx.Response) -> str:
    """Return the heading of the current step."""
    return _text(_tree(page).select("main h2")[0])


def alert(page: httpx.Response) -> str:
    """Return the text with role="alert", or an empty string."""
    found = _tree(page).find(role="alert")
    return _text(found) if isinstance(found, Tag) else ""


def links(page: httpx.Response) -> list[str]:
    """Return where the links in the body of *page* lead, without those of its header."""
    found = (str(each["href"]) for each in _tree(page).select("main a[href]"))
    return [str(page.url.join(each)) for each in found]


def _tree(page: httpx.Response) -> BeautifulSoup:
    return BeautifulSoup(page.text, "html.parser")


def _text(tag: Tag) -> str:
    return tag.get_text(" ", strip=True)
