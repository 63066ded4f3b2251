"""Settings of claims can't be configured to accept too much, and errors say what to write."""

from typing import Any

import pytest

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.claim_settings import media_type
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.name_claims import KeysOf

_ISSUER = "https://as.example.com"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"types": ()}, "types= is empty", id="no type"),
        pytest.param({"algorithms": ()}, "algorithms= is empty", id="no algorithm"),
        pytest.param({"client_claims": ()}, "client_claims= is empty", id="no client claim"),
        pytest.param({"scope_claims": ()}, "scope_claims= is empty", id="no scope claim"),
        pytest.param({"algorithms": ("none",)}, "not 'none'", id="none"),
        pytest.param(
            {"algorithms": ("ES256", "HS256")}, "mixes HS algorithms", id="HS256 with ES256"
        ),
        pytest.param({"algorithms": ("ES256K",)}, "not 'ES256K'", id="an unknown algorithm"),
        pytest.param(
            {"issuer_name": "x"},
            "issuer_name= is no setting of an issuer. There are types,",
            id="an unknown setting",
        ),
        pytest.param(
            {"clients": "c1"}, r'clients= takes a list: clients=\["c1"\]', id="clients as a string"
        ),
        pytest.param({"clients": []}, "clients= is empty", id="no client"),
        pytest.param(
            {"role_claims": "r"}, "role_claims= takes a list", id="role claims as a string"
        ),
        pytest.param(
            {"audience_optional": True},
            "needs clients=, whose tokens",
            id="no audience required of any client",
        ),
        pytest.param({"claims": 5}, "claims= takes values", id="claims that are a number"),
        pytest.param({"leeway": -1}, "from 0 to 300", id="leeway below 0"),
        pytest.param({"leeway": 301}, "from 0 to 300", id="leeway above 300"),
        pytest.param({"leeway": float("nan")}, "from 0 to 300", id="leeway that is NaN"),
    ],
)
def test_setting_that_accepts_no_token_or_too_many_is_rejected(
    settings: dict[str, Any], message: str
) -> None:
    """It fails when the rules are built, and the message names the setting."""
    with pytest.raises(ConfigurationError, match=message):
        ClaimRules.of(_ISSUER, **settings)


@pytest.mark.parametrize(
    ("typ", "name"),
    [("at+jwt", "at+jwt"), ("application/AT+JWT", "at+jwt"), ("text/at+jwt", "text/at+jwt")],
)
def test_media_type_is_compared_without_case_and_prefix(typ: str, name: str) -> None:
    """RFC 7515 §4.1.9 lets `application/` be left out."""
    assert media_type(typ) == name


def test_settings_become_tuples_and_sets() -> None:
    """A generator may be given once."""
    rules = ClaimRules.of(
        _ISSUER,
        types=iter(["JWT", None]),
        required_claims=[],
        role_claims=[KeysOf("roles"), ("a", "b")],
    )
    assert rules.types == ("jwt", None)
    assert rules.required_claims == frozenset()
    assert rules.role_claims == (KeysOf("roles"), ("a", "b"))
    assert rules.multi_value_claims == {"roles", "a", "groups", "entitlements"}
