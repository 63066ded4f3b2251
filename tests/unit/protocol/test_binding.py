"""check_binding rejects a token that is bound to a key, and no other."""

from typing import Any

import pytest

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.binding import check_binding, confirmation_of
from oauth_guard.protocol.claims import ClaimRules
from tests.unit.jose.forging import CLAIMS


def _claims(**claims: Any) -> Any:
    rules = ClaimRules("https://as.example.com")
    return AccessToken.from_claims({**CLAIMS, **claims}, rules).claims


@pytest.mark.parametrize(
    "confirmation",
    [{"jkt": "x"}, {"x5t#S256": "x"}, {"jwk": {}}, {"new": 1}, {}, None, [], "x", 0, False],
    ids=repr,
)
def test_token_with_any_confirmation_is_rejected(confirmation: Any) -> None:
    """An empty, unknown or malformed `cnf` says that the token alone is not sufficient."""
    with pytest.raises(InvalidToken) as caught:
        check_binding(confirmation_of(_claims(cnf=confirmation)))
    assert caught.value.reason is Reason.BOUND_TOKEN


@pytest.mark.parametrize("token_type", ["DPoP", "dpop", "DPOP"])
def test_token_of_type_dpop_is_rejected(token_type: str) -> None:
    """The type alone says that the token is bound (RFC 9449 §6.2)."""
    with pytest.raises(InvalidToken):
        check_binding(confirmation_of(_claims(token_type=token_type)))


@pytest.mark.parametrize(
    "claims", [{}, {"act": {"cnf": {"jkt": "x"}}}, {"token_type": "Bearer"}, {"token_type": 1}]
)
def test_bearer_token_is_accepted(claims: dict[str, Any]) -> None:
    """A `cnf` inside another claim is no confirmation of this token."""
    check_binding(confirmation_of(_claims(**claims)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"cnf": {"jkt": "x"}}, {"cnf": {"jkt": "y"}}, id="another key"),
        pytest.param({"cnf": {"jkt": "x"}}, {}, id="no key"),
        pytest.param({"cnf": None}, {}, id="null and nothing"),
        pytest.param({"cnf": {"jkt": "x"}}, {"cnf": {"x5t#S256": "x"}}, id="another method"),
        pytest.param({"cnf": {}}, {"cnf": {}, "token_type": "DPoP"}, id="another type"),
    ],
)
def test_confirmations_of_two_bindings_differ(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    """So a token that was introspected is not bound to another key than before."""
    assert confirmation_of(_claims(**first)) != confirmation_of(_claims(**second))
    assert confirmation_of(_claims(**first)) == confirmation_of(_claims(**first))
