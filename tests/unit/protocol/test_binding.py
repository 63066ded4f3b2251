"""A token that is bound to a key never passes unproven."""

from typing import Any

import pytest

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.binding import check_binding
from oauth_guard.protocol.claims import ClaimRules
from tests.unit.jose.forging import CLAIMS


def _token(**claims: Any) -> AccessToken:
    return AccessToken.from_claims({**CLAIMS, **claims}, ClaimRules("https://as.example.com"))


@pytest.mark.parametrize(
    "confirmation",
    [{"jkt": "x"}, {"x5t#S256": "x"}, {"jwk": {}}, {"new": 1}, {}, None, [], "x", 0, False],
    ids=repr,
)
def test_any_confirmation_refuses(confirmation: Any) -> None:
    """An empty, unknown or malformed `cnf` says that the token alone is not enough."""
    with pytest.raises(InvalidToken) as caught:
        check_binding(_token(cnf=confirmation))
    assert caught.value.reason is Reason.BOUND_TOKEN


def test_a_bearer_token_is_bound_to_nothing() -> None:
    """Without `cnf` the token is enough; one that stands elsewhere is no confirmation."""
    check_binding(_token())
    check_binding(_token(act={"cnf": {"jkt": "x"}}))
