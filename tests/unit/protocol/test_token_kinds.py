"""Tokens of other kinds are recognised by their claims, in each spelling that issuers use."""

from typing import Any

import pytest

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.token_kinds import (
    KIND_CLAIMS,
    is_access_token_type,
    is_other_kind,
    lower_types,
)

_NAMES = ["typ", "token_use", "token_type", "type", "tokenType"]
_URN = "urn:ietf:params:oauth:token-type:"
_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"

_OTHER: list[Any] = [
    *("refresh", "Refresh", "REFRESH", "refresh_token", "refresh-token", "refreshToken"),
    *("Refresh Token", "RefreshToken", "refresh+jwt", "application/refresh+jwt"),
    *(f"{_URN}refresh_token", f"{_URN}id_token", "offline", "Offline", "offline_token"),
    *("id", "ID", "Id", "id_token", "idToken", "ID-Token", "identity", "id+jwt"),
    *("logout", "Logout", "logout_token", "logout+jwt", "application/logout+jwt"),
    *("refresh_jwt", "jwt_refresh", "ID_JWT", "rt+jwt", "RT", "offline_access", "Serialized-ID"),
    *("Backchannel-Logout", "backchannel_logout_token", "frontchannel_logout"),
    *(["refresh"], ["Bearer", "refresh"], ("id",)),
]
_ACCESS: list[Any] = [
    *("Bearer", "bearer", "access", "access_token", "sliding", "DPoP", "at+jwt", "JWT", "N_A"),
    *("token", "token_jwt", "access_jwt", "jwt_access", "art", "cart", "Serialized"),
    *(f"{_URN}access_token", "refreshing", "prefresh", "idle", "identified", "video", "", " "),
    *(None, 5, True, [], ["Bearer"], {}, {"refresh": True}, [5]),
]

_NO_NAMES: list[Any] = [None, 5, True, ["Bearer"], {}]


@pytest.mark.parametrize("value", _OTHER, ids=repr)
@pytest.mark.parametrize("name", _NAMES)
def test_claim_that_says_refresh_offline_id_or_logout_marks_another_kind(
    name: str, value: Any
) -> None:
    """Case, signs and the words token and JWT don't matter."""
    assert is_other_kind({"sub": "u1", name: value})


@pytest.mark.parametrize("value", _ACCESS, ids=repr)
@pytest.mark.parametrize("name", _NAMES)
def test_claim_with_another_value_marks_nothing(name: str, value: Any) -> None:
    """Whatever its type is."""
    assert not is_other_kind({"sub": "u1", name: value})


@pytest.mark.parametrize("value", _OTHER, ids=repr)
def test_other_claims_mark_nothing(value: Any) -> None:
    """Their names are not those of the kind."""
    assert not is_other_kind({"kind": value, "scope": value, "token": value})


@pytest.mark.parametrize("name", ["at_hash", "c_hash"])
def test_hash_of_a_token_or_code_marks_an_id_token(name: str) -> None:
    """Whatever its value is."""
    assert is_other_kind({name: None})


@pytest.mark.parametrize(
    ("events", "marks"),
    [
        pytest.param({_LOGOUT: {}}, True, id="the event of a logout token"),
        pytest.param({_LOGOUT: {}, "https://x": {}}, True, id="among others"),
        pytest.param({"https://x": {}}, False, id="another event"),
        pytest.param([_LOGOUT], False, id="an array"),
        pytest.param(_LOGOUT, False, id="a string"),
        pytest.param(None, False, id="null"),
    ],
)
def test_event_of_a_logout_token_marks_it(events: Any, marks: bool) -> None:
    """A claim of that name with other contents is the issuer's own."""
    assert is_other_kind({"events": events}) is marks


def test_every_claim_that_can_mark_a_kind_is_listed() -> None:
    """A token without them needs no check."""
    assert {*_NAMES, "at_hash", "c_hash", "events"} == KIND_CLAIMS


@pytest.mark.parametrize(
    ("token_type", "accepted"),
    [
        *((name, True) for name in ("Bearer", "BEARER", "dpop", "Access_Token")),
        (f"{_URN}access_token", True),
        *((name, True) for name in ("Legacy", "LEGACY")),
        *((name, False) for name in ("mac", "N_A", "access", "", " Bearer", f"{_URN}jwt")),
        *((value, False) for value in _NO_NAMES),
    ],
)
def test_token_type_is_accepted_only_if_it_is_listed(token_type: Any, accepted: bool) -> None:
    """The list of the standards, and the operator's."""
    assert is_access_token_type(token_type, {"legacy"}) is accepted
    assert is_other_kind({"token_type": token_type}, {"legacy"}) is not accepted


def test_setting_of_token_types_is_a_list_in_any_case() -> None:
    """A string would be read letter by letter."""
    assert lower_types(["Legacy", "MAC"]) == {"legacy", "mac"}
    with pytest.raises(
        ConfigurationError, match=r'token_types= takes a list: token_types=\["mac"\]'
    ):
        lower_types("mac")


def test_missing_token_type_is_accepted() -> None:
    """It is optional in an introspection response (RFC 7662 §2.2)."""
    assert not is_other_kind({"typ": "Bearer"}, ())
