"""AccessToken: each registered claim has its type, or the token is invalid."""

import json
from typing import Any

import pytest

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.protocol.access_token import AccessToken, UnverifiedToken
from oauth_guard.protocol.claims import ClaimRules
from tests.unit.jose.forging import CLAIMS
from tests.unit.jose.vectors import examples

_RESOURCE = "https://api.example.com"
_RULES = ClaimRules("https://as.example.com", leeway=0)
_LOOSE = ClaimRules(
    "https://as.example.com",
    required_claims=frozenset(),
    client_claims=("azp", "client_id"),
    scope_claims=("scp", "scope"),
)
_ATTRIBUTES = [
    *("issuer", "subject", "client_id", "audience", "scopes", "roles", "groups", "entitlements"),
    *("expires_at", "not_before", "issued_at"),
]
_NOW = 1_700_000_000
_WRONG: dict[str, list[Any]] = {
    "a string": [None, 5, True, 1.5, [], ["u1"], {}],
    "a number": [None, "1999999999", True, False, [], [_NOW], {}],
    "strings": [None, 5, True, {}, {"a": 1}, [5], ["x", None], [["x"]], [{}]],
}
_KINDS = {
    **dict.fromkeys(["iss", "sub", "client_id", "scope"], "a string"),
    **dict.fromkeys(["exp", "nbf", "iat"], "a number"),
    "aud": "strings",
}
_MALFORMED = [(name, value) for name, kind in _KINDS.items() for value in _WRONG[kind]]
_ANY_TYPE: list[Any] = [None, 5, True, 1.5, "x", "", [], ["u1"], {}, {"a": 1}, [None], [[5]]]


def _token(rules: ClaimRules = _RULES, **changes: Any) -> AccessToken:
    return AccessToken.from_claims({**CLAIMS, **changes}, rules)


@pytest.mark.parametrize(("name", "value"), _MALFORMED, ids=repr)
def test_claim_that_decides_is_rejected_if_it_has_the_wrong_type(name: str, value: Any) -> None:
    """Required or not."""
    for rules in (_RULES, _LOOSE):
        with pytest.raises(InvalidToken) as caught:
            _token(rules, **{name: value})
        assert caught.value.reason is Reason.MALFORMED_CLAIM


@pytest.mark.parametrize("value", _ANY_TYPE, ids=repr)
@pytest.mark.parametrize("name", ["auth_time", "acr", "amr", "jti", "nonce", "x", "act", "roles"])
def test_claim_that_decides_nothing_may_have_any_type(name: str, value: Any) -> None:
    """The application sees it as the issuer wrote it."""
    token = _token(_LOOSE, **{name: value})
    assert json.dumps(token.claims[name]) == json.dumps(value)
    token.check_claims(_RESOURCE, _NOW)


@pytest.mark.parametrize("name", ["sub", "client_id", "jti", "scope", "roles", "x"])
@pytest.mark.parametrize("value", [None, "", [], {}], ids=repr)
def test_required_claim_that_is_empty_counts_as_missing(name: str, value: Any) -> None:
    """A claim that decides is malformed if its type is wrong as well."""
    required = frozenset({"iss", "exp", name})
    with pytest.raises(InvalidToken) as caught:
        _token(ClaimRules(_RULES.issuer, required_claims=required), **{name: value})
    decides = name in {"sub", "client_id", "scope"} and value != ""
    assert caught.value.reason is (Reason.MALFORMED_CLAIM if decides else Reason.MISSING_CLAIM)


@pytest.mark.parametrize("value", [0, 0.0, False, " ", [""], [None], {"a": None}, "0"], ids=repr)
def test_required_claim_that_is_not_empty_is_present(value: Any) -> None:
    """Zero and false are values."""
    rules = ClaimRules(_RULES.issuer, required_claims=frozenset({"x"}))
    assert "x" in _token(rules, x=value).claims


@pytest.mark.parametrize("value", ["", " ", "\t\n", "\u00a0", "\u2003 "], ids=ascii)
@pytest.mark.parametrize(("name", "attribute"), [("sub", "subject"), ("client_id", "client_id")])
def test_blank_subject_or_client_is_none_and_is_missing_if_it_is_required(
    name: str, attribute: str, value: str
) -> None:
    """It identifies no caller, or all callers that have it."""
    loose = ClaimRules(_RULES.issuer, required_claims=frozenset())
    assert getattr(_token(loose, **{name: value}), attribute) is None
    with pytest.raises(InvalidToken, match=Reason.MISSING_CLAIM):
        _token(_RULES, **{name: value})


def test_empty_audience_is_missing_if_it_is_required_and_optional() -> None:
    """Otherwise `check_claims` rejects it."""
    rules = ClaimRules.of(_RULES.issuer, clients=["c1"], audience_optional=True)
    audiences: list[Any] = [[], ""]
    for audience in audiences:
        with pytest.raises(InvalidToken, match=Reason.MISSING_CLAIM):
            _token(rules, aud=audience)
        with pytest.raises(InvalidToken, match=Reason.WRONG_AUDIENCE):
            _token(aud=audience).check_claims(_RESOURCE, _NOW)


def test_unverified_token_is_checked_without_freezing_its_claims() -> None:
    """Audience and times are checked before the signature; a forged token costs little."""
    claims = {**CLAIMS, "x": [{}] * 100, "scope": "a b"}
    unverified = UnverifiedToken(claims, _RULES)
    assert unverified.claims is claims
    unverified.check_claims(_RESOURCE, _NOW)
    with pytest.raises(InvalidToken, match=Reason.WRONG_AUDIENCE):
        unverified.check_claims("https://x", _NOW)
    with pytest.raises(InvalidToken, match=Reason.EXPIRED):
        unverified.check_claims(_RESOURCE, _NOW + 300)
    assert unverified.lifetime == (_NOW - 10, _NOW + 300)
    token = unverified.verified()
    assert type(token) is AccessToken
    assert token == AccessToken.from_claims(claims, _RULES)
    assert claims["x"] == [{}] * 100


@pytest.mark.parametrize("details", [None, {}, "x", ["x"], [{"type": 1}]], ids=repr)
def test_details_of_another_shape_are_rejected(details: Any) -> None:
    """An absent claim is not checked."""
    _token().check_claims(_RESOURCE, _NOW)
    with pytest.raises(InvalidToken, match=Reason.MALFORMED_DETAILS):
        _token(authorization_details=details).check_claims(_RESOURCE, _NOW)


def test_type_of_each_alternative_claim_is_checked() -> None:
    """A client or scope claim that comes second is checked even if the first is present."""
    with pytest.raises(InvalidToken):
        _token(_LOOSE, azp="c1", client_id=5)


def test_each_attribute_is_read_from_its_claim() -> None:
    """Times are in seconds since the epoch."""
    token = _token(roles=["ops"], groups=["g1", "g2"], entitlements=["e"], nbf=1.5, x={"y": [1]})
    read = {name: getattr(token, name) for name in _ATTRIBUTES}
    assert read == {
        "issuer": "https://as.example.com",
        "subject": "u1",
        "client_id": "c1",
        "audience": (_RESOURCE,),
        "scopes": {"read"},
        "issued_at": _NOW,
        "not_before": 1.5,
        "expires_at": _NOW + 300,
        "roles": {"ops"},
        "groups": {"g1", "g2"},
        "entitlements": {"e"},
    }
    assert token.claims["x"] == {"y": (1,)}


def test_attributes_of_missing_claims_are_empty() -> None:
    """Under rules that require no claim."""
    token = AccessToken.from_claims({}, _LOOSE)
    assert not any(getattr(token, name) for name in _ATTRIBUTES if name != "issuer")
    assert token.expires_at is token.not_before is token.issued_at is None
    assert token.claims == {}


def test_missing_required_claim_is_rejected() -> None:
    """Required claims are checked first."""
    with pytest.raises(InvalidToken) as caught:
        AccessToken.from_claims({}, _RULES)
    assert caught.value.reason is Reason.MISSING_CLAIM


@pytest.mark.parametrize(
    ("audience", "read"),
    [
        pytest.param(_RESOURCE, (_RESOURCE,), id="a string"),
        pytest.param([_RESOURCE, "x"], (_RESOURCE, "x"), id="an array"),
        pytest.param([], (), id="an empty array"),
        pytest.param("", ("",), id="an empty string"),
    ],
)
def test_audience_is_always_a_tuple(audience: Any, read: tuple[str, ...]) -> None:
    """`aud` may be a string or an array."""
    assert _token(aud=audience).audience == read


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [
        pytest.param("read", {"read"}, id="one"),
        pytest.param("write read", {"read", "write"}, id="two"),
        pytest.param("  read   write ", {"read", "write"}, id="extra spaces"),
        pytest.param("", set(), id="none"),
        pytest.param("read\twrite", {"read\twrite"}, id="a tab"),
        pytest.param("read\u00a0write", {"read\u00a0write"}, id="a no-break space"),
        pytest.param("read,write", {"read,write"}, id="a comma"),
        pytest.param("READ read", {"READ", "read"}, id="case matters"),
    ],
)
def test_only_spaces_separate_scopes(scope: str, scopes: frozenset[str]) -> None:
    """Any other character is part of a scope."""
    assert _token(scope=scope).scopes == scopes


@pytest.mark.parametrize(
    ("changes", "client_id", "scopes"),
    [
        pytest.param({"azp": "c2", "scp": "a"}, "c2", {"a"}, id="the first"),
        pytest.param({}, "c1", {"read"}, id="the second"),
        pytest.param({"azp": "", "scp": ""}, "c1", set(), id="the first client that is not empty"),
    ],
)
def test_first_present_claim_is_used(
    changes: dict[str, str], client_id: str, scopes: frozenset[str]
) -> None:
    """Issuers older than RFC 9068 use other claims for client and scope."""
    token = _token(_LOOSE, **changes)
    assert (token.client_id, token.scopes) == (client_id, scopes)


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [
        pytest.param("read write", {"read", "write"}, id="a string"),
        pytest.param(["read", "write"], {"read", "write"}, id="an array"),
        pytest.param([], set(), id="an empty array"),
        pytest.param([""], set(), id="an empty name"),
        pytest.param(["read write"], None, id="two in one"),
        pytest.param(["read", 5], None, id="a number in it"),
        pytest.param({"read": True}, None, id="an object"),
        pytest.param(None, None, id="null"),
    ],
)
def test_scope_array_is_accepted_if_the_rules_allow_it(
    scope: Any, scopes: frozenset[str] | None
) -> None:
    """Each item is one scope, so an item with a space is rejected."""
    rules = ClaimRules.of(_RULES.issuer, scope_array=True)
    if scopes is None:
        with pytest.raises(InvalidToken, match=Reason.MALFORMED_CLAIM):
            _token(rules, scope=scope)
    else:
        assert _token(rules, scope=scope).scopes == scopes


_NESTED = ClaimRules.of(
    _RULES.issuer,
    role_claims=[("realm_access", "roles"), ("https://x.y/roles",)],
    group_claims=["cognito:groups"],
    entitlement_claims=[],
)


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        pytest.param({}, set(), id="nothing"),
        pytest.param({"roles": ["admin"]}, set(), id="another claim"),
        pytest.param({"realm_access": {}}, set(), id="half of the path"),
        pytest.param({"realm_access": {"roles": ["a"]}}, {"a"}, id="the whole path"),
        pytest.param({"realm_access.roles": ["a"]}, set(), id="a dot in a name"),
        pytest.param(
            {"realm_access": {"roles": ["a"]}, "https://x.y/roles": ["b"]}, {"a", "b"}, id="both"
        ),
        pytest.param({"realm_access": ["a"]}, set(), id="an array in the path"),
        pytest.param({"realm_access": {"roles": "a"}}, {"a"}, id="a string at the end"),
    ],
)
def test_roles_are_read_from_the_configured_paths(
    claims: dict[str, Any], roles: frozenset[str]
) -> None:
    """And from no other."""
    assert _token(_NESTED, **claims).roles == roles


def test_remarks_name_what_could_not_be_read_in_each_claim() -> None:
    """They don't make two tokens different."""
    token = _token(roles=[1], groups={"a": "secret"}, entitlements="e")
    assert token.remarks == ("roles is an array with a number", "groups is an object")
    assert not token.roles | token.groups
    assert token.entitlements == {"e"}
    assert not _token().remarks


def test_groups_and_entitlements_are_read_from_the_configured_paths() -> None:
    """An empty list of paths gives none."""
    token = _token(_NESTED, **{"cognito:groups": ["g"], "groups": ["x"], "entitlements": ["x"]})
    assert token.groups == {"g"}
    assert not token.entitlements


@pytest.mark.parametrize(("gty", "is_one"), [("client-credentials", True), ("password", False)])
def test_rules_identify_client_tokens(gty: str, is_one: bool) -> None:
    """The subject remains the one in the token."""
    rules = ClaimRules.of(
        _RULES.issuer, is_client_token=lambda claims: claims.get("gty") == "client-credentials"
    )
    token = _token(rules, gty=gty)
    assert (token.is_client_token, token.subject) == (is_one, "u1")
    assert not _token(gty=gty).is_client_token


def test_client_token_function_that_fails_rejects_the_token() -> None:
    """When `is_client_token` is read, not before."""
    rules = ClaimRules.of(
        _RULES.issuer, is_client_token=lambda claims: claims["gty"].startswith("c")
    )
    for token in (_token(rules), _token(rules, gty=5)):
        with pytest.raises(InvalidToken, match=Reason.MALFORMED_CLAIM):
            _ = token.is_client_token


@pytest.mark.parametrize(
    ("rules", "changes", "reason"),
    [
        pytest.param({"clients": ["c1"]}, {}, None, id="a known client"),
        pytest.param({"clients": ["c2"]}, {}, Reason.WRONG_CLIENT, id="another client"),
        pytest.param({"claims": {"org": "acme"}}, {"org": "acme"}, None, id="a claim"),
        pytest.param({"claims": {"org": "acme"}}, {}, Reason.WRONG_CLAIM, id="no claim"),
        pytest.param(
            {"claims": {"org": "acme"}}, {"org": "x", "exp": 0}, Reason.EXPIRED, id="and expired"
        ),
    ],
)
def test_client_and_claim_values_are_checked_on_each_request(
    rules: dict[str, Any], changes: dict[str, Any], reason: Reason | None
) -> None:
    """Reading the claims does not check them, so a cached token contains facts only."""
    token = _token(ClaimRules.of(_RULES.issuer, **rules), **changes)
    if reason is None:
        token.check_claims(_RESOURCE, _NOW)
    else:
        with pytest.raises(InvalidToken, match=reason):
            token.check_claims(_RESOURCE, _NOW)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({}, None, id="good"),
        pytest.param({"aud": []}, Reason.WRONG_AUDIENCE, id="no audience"),
        pytest.param({"aud": "https://x"}, Reason.WRONG_AUDIENCE, id="another audience"),
        pytest.param({"exp": _NOW}, Reason.EXPIRED, id="expired"),
        pytest.param({"nbf": _NOW + 1}, Reason.NOT_YET_VALID, id="not valid yet"),
        pytest.param({"iat": _NOW + 61}, Reason.ISSUED_IN_FUTURE, id="issued in the future"),
    ],
)
def test_audience_and_lifetime_are_checked_for_resource_and_time(
    changes: dict[str, Any], reason: Reason | None
) -> None:
    """The same token may be valid for one resource and time, and not for another."""
    token = _token(**changes)
    if reason is None:
        token.check_claims(_RESOURCE, _NOW)
    else:
        with pytest.raises(InvalidToken) as caught:
            token.check_claims(_RESOURCE, _NOW)
        assert caught.value.reason is reason


@pytest.mark.parametrize("claims", examples("rfc9068", "claims"))
def test_example_of_rfc_9068_is_valid(claims: dict[str, Any]) -> None:
    """At its own resource and in its lifetime."""
    token = AccessToken.from_claims(claims, ClaimRules(claims["iss"]))
    token.check_claims("https://rs.example.com/", claims["iat"])
    assert token.scopes == {"openid", "profile", "reademail"}


def test_equal_tokens_have_equal_hashes() -> None:
    """Even if a claim is an object."""
    assert len({_token(x={"y": []}), _token(x={"y": []}), _token(sub="u2")}) == 2


@pytest.mark.parametrize("name", ["azp", "scp"])
def test_alternative_client_or_scope_claim_must_be_a_string(name: str) -> None:
    """As the claim that it replaces."""
    rules = ClaimRules.of(
        "https://as.test", required_claims=[], client_claims=["azp"], scope_claims=["scp"]
    )
    with pytest.raises(InvalidToken, match=Reason.MALFORMED_CLAIM):
        AccessToken.from_claims({name: ["a"]}, rules)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"iat": _NOW, "exp": _NOW + 600}, None, id="just short enough"),
        pytest.param({"iat": _NOW, "exp": _NOW + 601}, Reason.LIFETIME_TOO_LONG, id="too long"),
        pytest.param({"iat": None}, Reason.MISSING_CLAIM, id="no iat"),
        pytest.param({"exp": None}, Reason.MISSING_CLAIM, id="no exp"),
    ],
)
def test_total_lifetime_is_limited(changes: dict[str, Any], reason: Reason | None) -> None:
    """From `iat` to `exp`, so it is the same at each time."""
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    token = AccessToken.from_claims(claims, _LOOSE)
    if reason is None:
        token.check_total_lifetime(600)
    else:
        with pytest.raises(InvalidToken, match=reason):
            token.check_total_lifetime(600)
