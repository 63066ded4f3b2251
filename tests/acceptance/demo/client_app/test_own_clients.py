"""Clients that a visitor registers on the page."""

import pytest

from tests.acceptance.demo.client_app.visitor import Visitor, alert, organisations


def test_registered_client_walks_the_code_flow(visitor: Visitor) -> None:
    """The name, here one of HTML, is on the consent page, as text."""
    page = visitor.press(visitor.open("/clients"), "Register", name="<b>Mine</b>")
    assert "&lt;b&gt;Mine&lt;/b&gt;" in page.text
    page = visitor.consent(visitor.press(page, "Walk the code flow with it"))
    assert any("&lt;b&gt;Mine&lt;/b&gt; asks for access" in text for text in visitor.received)
    assert organisations(visitor.people(page)) == {"Engineering"}


def test_secret_is_shown_once_and_a_reload_registers_no_second_client(visitor: Visitor) -> None:
    """The registration redirects to the page."""
    page = visitor.press(visitor.open("/clients"), "Register", name="Mine")
    assert (page.text.count("client-id"), page.text.count("client-secret")) == (1, 1)
    again = visitor.open(str(page.url))
    assert (again.text.count("client-id"), again.text.count("client-secret")) == (1, 0)


@pytest.mark.parametrize("name", ["", " ", "x" * 10_000, "two\nlines"], ids=repr)
def test_client_with_an_unusable_name_is_not_registered(visitor: Visitor, name: str) -> None:
    """The page says what a name is; the sentence is gone after a reload."""
    page = visitor.press(visitor.open("/clients"), "Register", name=name)
    assert "1 to 200 characters" in alert(page)
    assert "client-id" not in page.text
    assert alert(visitor.open("/clients")) == ""


def test_session_registers_ten_clients_at_most(visitor: Visitor) -> None:
    """An eleventh is not registered."""
    page = visitor.open("/clients")
    for number in range(11):
        page = visitor.press(page, "Register", name=f"Client {number}")
    assert "10 clients already" in alert(page)
    assert page.text.count("client-id") == 10
