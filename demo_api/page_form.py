"""PageForm: the first form of a page, with its title, action and hidden fields."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self


@dataclass
class PageForm:
    """The title of a page, the action of its form, and the form's hidden fields.

    A client that submits the form as found keeps working when the page changes.
    """

    title: str = ""
    action: str = ""
    hidden: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, html: str) -> Self:
        """Read the first form of the page *html*."""
        form = cls()
        _Reader(form).feed(html)
        return form


class _Reader(HTMLParser):
    def __init__(self, form: PageForm) -> None:
        super().__init__()
        self._form = form
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self._in_title = tag == "title"
        if tag == "form" and not self._form.action:
            self._form.action = attributes.get("action", "")
        if tag == "input" and attributes.get("type") == "hidden":
            self._form.hidden[attributes["name"]] = attributes.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self._form.title += data
            self._in_title = False
