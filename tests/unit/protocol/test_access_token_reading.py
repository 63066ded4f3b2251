"""AccessToken: reading all claims in one pass equals reading them one by one."""

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.name_claims import ClaimPath, KeysOf
from tests.unit.protocol.properties import BOUNDED

_ISSUER = "https://as.example.com"
_RULES = {
    "RFC 9068": ClaimRules(_ISSUER, required_claims=frozenset()),
    "several places": ClaimRules(
        _ISSUER,
        required_claims=frozenset(),
        client_claims=("azp", "client_id"),
        scope_claims=("scp", "scope"),
        role_claims=("roles", ("realm", "roles"), ("realm", "more", "roles")),
        group_claims=(),
        subject_claim="oid",
    ),
    "arrays of scopes": ClaimRules(
        _ISSUER, required_claims=frozenset(), scope_claims=("scp", "scope"), scope_array=True
    ),
    "a time as a name": ClaimRules(_ISSUER, required_claims=frozenset(), client_claims=("iat",)),
}
_TEXTS = ["iss", "sub", "oid", "jti", "acr", "client_id", "azp", "scope", "scp"]
_NAMES = [*_TEXTS, "exp", "nbf", "iat", "auth_time", "aud", "roles", "groups", "realm", "other"]

_scalars = st.sampled_from([None, True, False, 0, 1, 1.5, "", "a", "a b", " a  b "])
_strings = st.lists(st.sampled_from(["a", "b", "a b", ""]), max_size=3)
_arrays = _strings | st.lists(_scalars, max_size=2)
_objects = st.dictionaries(st.sampled_from(["roles", "more"]), _arrays | _scalars, max_size=2)
_values = _scalars | _arrays | _objects | st.fixed_dictionaries({"more": _objects})
_well_typed = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(_TEXTS, st.sampled_from(["a", "a b", ""])),
        **dict.fromkeys(["exp", "nbf", "iat", "auth_time"], st.sampled_from([0, 1, 1.5])),
        **dict.fromkeys(["aud", "roles", "groups"], _strings),
        "realm": st.fixed_dictionaries({}, optional={"roles": _strings, "more": _objects}),
    },
)
_arbitrary = st.dictionaries(st.sampled_from(_NAMES), _values, max_size=2)


class _Malformed(Exception):  # noqa: N818 - a signal inside this file
    """A claim has the wrong type."""


def _must(condition: object) -> None:
    if not condition:
        raise _Malformed


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    _must(name not in claims or isinstance(value, str))
    return value


def _number(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    _must(name not in claims or type(value) in {int, float})
    return value


def _list(value: Any) -> list[str]:
    _must(isinstance(value, list) and all(isinstance(item, str) for item in value))
    return list(value)


def _scopes(claims: Mapping[str, Any], name: str, rules: ClaimRules) -> set[str] | None:
    value = claims.get(name)
    if isinstance(value, str):
        return set(value.split(" ")) - {""}
    _must(name not in claims or rules.scope_array)
    if name not in claims:
        return None
    _must(not any(" " in each for each in _list(value)))
    return set(_list(value)) - {""}


def _collected(claims: Mapping[str, Any], paths: tuple[ClaimPath, ...]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        assert not isinstance(path, KeysOf)
        at: Any = claims
        for step in [path] if isinstance(path, str) else path:
            at = at.get(step) if isinstance(at, dict) else None
        found.update(each for each in (at if isinstance(at, list) else [at]) if _is_name(each))
    return found


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _not_blank(value: str | None) -> str | None:
    return value if value and value.strip() else None


def _read_one_by_one(claims: Mapping[str, Any], rules: ClaimRules) -> dict[str, Any] | None:
    """Read *claims* in the plainest way; None if one has the wrong type."""
    try:
        for name in ("iss", "sub"):
            _text(claims, name)
        clients = [_text(claims, name) for name in rules.client_claims]
        scopes = [_scopes(claims, name, rules) for name in rules.scope_claims]
        aud = claims.get("aud", [])
        return {
            "subject": _not_blank(_text(claims, rules.subject_claim)),
            "client_id": next(filter(None, map(_not_blank, clients)), None),
            "audience": (aud,) if isinstance(aud, str) else tuple(_list(aud)),
            "scopes": next((each for each in scopes if each is not None), set()),
            "expires_at": _number(claims, "exp"),
            "not_before": _number(claims, "nbf"),
            "issued_at": _number(claims, "iat"),
            "roles": _collected(claims, rules.role_claims),
            "groups": _collected(claims, rules.group_claims),
            "entitlements": _collected(claims, rules.entitlement_claims),
        }
    except _Malformed:
        return None


def _read_in_one_pass(claims: Mapping[str, Any], rules: ClaimRules) -> AccessToken | None:
    try:
        return AccessToken.from_claims(claims, rules)
    except InvalidToken as error:
        if error.reason is Reason.MALFORMED_CLAIM:
            return None
        raise


@BOUNDED
@example(rules="RFC 9068", well_typed={}, arbitrary={})
@example(rules="several places", well_typed={}, arbitrary={"realm": {"more": {"roles": ["a"]}}})
@example(rules="arrays of scopes", well_typed={"scp": "a"}, arbitrary={"scope": ["a b"]})
@example(rules="a time as a name", well_typed={}, arbitrary={"iat": "a"})
@given(
    rules=st.sampled_from(sorted(_RULES)),
    well_typed=_well_typed,
    arbitrary=st.just({}) | _arbitrary,
)
def test_token_has_the_attributes_of_the_plain_reading(
    rules: str, well_typed: dict[str, Any], arbitrary: dict[str, Any]
) -> None:
    """Or is rejected by both, whatever the claims and the rules are."""
    claims = {**well_typed, **arbitrary}
    plainly, token = (
        _read_one_by_one(claims, _RULES[rules]),
        _read_in_one_pass(claims, _RULES[rules]),
    )
    if plainly is None or token is None:
        assert (plainly, token) == (None, None)
    else:
        assert {name: getattr(token, name) for name in plainly} == plainly
        assert json.dumps(token.claims) == json.dumps(claims)
