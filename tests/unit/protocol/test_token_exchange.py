"""ExchangedToken: what of it can be read, and the form of an exchange without a scope."""

from urllib.parse import parse_qsl

import pytest

from oauth_guard.protocol.token_exchange import ExchangedToken, exchange_form, read_exchange

GOOD = {"access_token": "t", "token_type": "Bearer", "expires_in": 60}


def test_repr_does_not_contain_the_token() -> None:
    """It may be logged."""
    token = ExchangedToken("secret-token", "Bearer", frozenset({"a"}), 60)
    assert "secret-token" not in repr(token)
    assert token.headers("GET", "https://x.test") == {"Authorization": "Bearer secret-token"}


def test_scope_is_left_to_the_server_if_none_is_requested() -> None:
    """Then the form has no `scope`."""
    form = dict(parse_qsl(exchange_form("t", "https://x.test", (), {"client_id": "c"}).decode()))
    assert "scope" not in form
    assert form["client_id"] == "c"


def test_lifetime_of_more_than_a_day_is_a_day() -> None:
    """So that a token is not remembered for good."""
    token = read_exchange({**GOOD, "expires_in": 1e12}, frozenset(), is_bound=False)
    assert token.lifetime == 86_400


@pytest.mark.parametrize("scope", ["", None, 5, ["a"]], ids=str)
def test_scopes_are_the_requested_ones_if_the_response_names_none(scope: object) -> None:
    """As RFC 8693 §2.2.1 says."""
    token = read_exchange({**GOOD, "scope": scope}, frozenset({"a"}), is_bound=False)
    assert token.scopes == {"a"}
