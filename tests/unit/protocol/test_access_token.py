"""An access token has each registered claim by its type, or is none."""

from typing import Any

import pytest

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.protocol.access_token import AccessToken
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
    "strings": [None, 5, True, {}, [5], ["x", None], [["x"]], [{}]],
}
_KINDS = {
    **dict.fromkeys(["iss", "sub", "jti", "acr", "client_id", "scope"], "a string"),
    **dict.fromkeys(["exp", "nbf", "iat", "auth_time"], "a number"),
    **dict.fromkeys(["aud", "roles", "groups", "entitlements"], "strings"),
}
_MALFORMED = [
    *((name, value) for name, kind in _KINDS.items() for value in _WRONG[kind]),
    *((name, "ops") for name in ("roles", "groups", "entitlements")),
]


def _token(rules: ClaimRules = _RULES, **changes: Any) -> AccessToken:
    return AccessToken.from_claims({**CLAIMS, **changes}, rules)


@pytest.mark.parametrize(("name", "value"), _MALFORMED, ids=repr)
def test_a_registered_claim_has_its_type(name: str, value: Any) -> None:
    """A claim of the wrong JSON type makes the token invalid, required or not."""
    for rules in (_RULES, _LOOSE):
        with pytest.raises(InvalidToken) as caught:
            _token(rules, **{name: value})
        assert caught.value.reason is Reason.MALFORMED_CLAIM


def test_every_place_of_a_claim_is_held_to_its_type() -> None:
    """A client or scope claim that comes second is checked even if the first is there."""
    with pytest.raises(InvalidToken):
        _token(_LOOSE, azp="c1", client_id=5)


def test_what_a_token_says_is_read() -> None:
    """Every attribute is a registered claim, its times in seconds since the epoch."""
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


def test_what_a_token_does_not_say_is_empty() -> None:
    """Under rules that require nothing, a token may say nothing."""
    token = AccessToken.from_claims({}, _LOOSE)
    assert not any(getattr(token, name) for name in _ATTRIBUTES if name != "issuer")
    assert token.expires_at is token.not_before is token.issued_at is None
    assert token.claims == {}


def test_a_missing_claim_refuses() -> None:
    """What the rules require is looked for first."""
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
def test_the_audience_is_a_tuple(audience: Any, read: tuple[str, ...]) -> None:
    """`aud` may be written in two ways, and is read in one."""
    assert _token(aud=audience).audience == read


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [
        pytest.param("read", {"read"}, id="one"),
        pytest.param("write read", {"read", "write"}, id="two"),
        pytest.param("  read   write ", {"read", "write"}, id="spaces too many"),
        pytest.param("", set(), id="none"),
        pytest.param("read\twrite", {"read\twrite"}, id="a tab is no space"),
        pytest.param("read\u00a0write", {"read\u00a0write"}, id="a no-break space is none"),
        pytest.param("read,write", {"read,write"}, id="a comma is no space"),
        pytest.param("READ read", {"READ", "read"}, id="case matters"),
    ],
)
def test_a_space_alone_separates_scopes(scope: str, scopes: frozenset[str]) -> None:
    """Only SP stands between two scopes."""
    assert _token(scope=scope).scopes == scopes


@pytest.mark.parametrize(
    ("changes", "client_id", "scopes"),
    [
        pytest.param({"azp": "c2", "scp": "a"}, "c2", {"a"}, id="the first"),
        pytest.param({}, "c1", {"read"}, id="the second"),
        pytest.param({"azp": "", "scp": ""}, "", set(), id="the first, though empty"),
    ],
)
def test_the_first_claim_that_is_there_counts(
    changes: dict[str, str], client_id: str, scopes: frozenset[str]
) -> None:
    """Issuers of before RFC 9068 name client and scope by claims of their own."""
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
def test_the_scope_may_be_an_array_where_the_rules_have_it_so(
    scope: Any, scopes: frozenset[str] | None
) -> None:
    """Each item is one scope, so that none is made of two."""
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
        pytest.param({"roles": ["admin"]}, set(), id="elsewhere"),
        pytest.param({"realm_access": {}}, set(), id="half of the way"),
        pytest.param({"realm_access": {"roles": ["a"]}}, {"a"}, id="at the end of the way"),
        pytest.param({"realm_access.roles": ["a"]}, set(), id="a dot is no way"),
        pytest.param(
            {"realm_access": {"roles": ["a"]}, "https://x.y/roles": ["b"]}, {"a", "b"}, id="both"
        ),
        pytest.param({"realm_access": ["a"]}, None, id="an array on the way"),
        pytest.param({"realm_access": None}, None, id="null on the way"),
        pytest.param({"realm_access": {"roles": "a"}}, None, id="a string at the end"),
        pytest.param({"realm_access": {"roles": [1]}}, None, id="a number in it"),
    ],
)
def test_roles_are_where_the_rules_say(
    claims: dict[str, Any], roles: frozenset[str] | None
) -> None:
    """And nowhere else; each place is held to its type."""
    if roles is None:
        with pytest.raises(InvalidToken, match=Reason.MALFORMED_CLAIM):
            _token(_NESTED, **claims)
    else:
        assert _token(_NESTED, **claims).roles == roles


def test_groups_and_entitlements_are_where_the_rules_say() -> None:
    """Or nowhere."""
    token = _token(_NESTED, **{"cognito:groups": ["g"], "groups": ["x"], "entitlements": ["x"]})
    assert token.groups == {"g"}
    assert not token.entitlements


@pytest.mark.parametrize(("gty", "is_one"), [("client-credentials", True), ("password", False)])
def test_the_rules_tell_a_client_that_acts_for_itself(gty: str, is_one: bool) -> None:
    """However the issuer marks it; the subject stays what the issuer calls it."""
    rules = ClaimRules.of(
        _RULES.issuer, is_client_token=lambda claims: claims.get("gty") == "client-credentials"
    )
    token = _token(rules, gty=gty)
    assert (token.is_client_token, token.subject) == (is_one, "u1")
    assert not _token(gty=gty).is_client_token


def test_a_claim_that_tells_a_client_may_be_missing_or_odd() -> None:
    """The token is refused, once it is asked whose it is."""
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
def test_more_may_be_asked_on_each_request(
    rules: dict[str, Any], changes: dict[str, Any], reason: Reason | None
) -> None:
    """Reading the token asks for none of it, so that what is remembered are facts."""
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
        pytest.param({"aud": []}, Reason.WRONG_AUDIENCE, id="for nobody"),
        pytest.param({"aud": "https://x"}, Reason.WRONG_AUDIENCE, id="for somebody else"),
        pytest.param({"exp": _NOW}, Reason.EXPIRED, id="expired"),
        pytest.param({"nbf": _NOW + 1}, Reason.NOT_YET_VALID, id="not valid yet"),
        pytest.param({"iat": _NOW + 61}, Reason.ISSUED_IN_FUTURE, id="issued in the future"),
    ],
)
def test_a_token_is_judged_for_the_resource_and_the_moment(
    changes: dict[str, Any], reason: Reason | None
) -> None:
    """The same token may be good here and bad there, now and then."""
    token = _token(**changes)
    if reason is None:
        token.check_claims(_RESOURCE, _NOW)
    else:
        with pytest.raises(InvalidToken) as caught:
            token.check_claims(_RESOURCE, _NOW)
        assert caught.value.reason is reason


@pytest.mark.parametrize("claims", examples("rfc9068", "claims"))
def test_the_example_of_rfc_9068_is_good(claims: dict[str, Any]) -> None:
    """The claims that RFC 9068 prints pass at its own resource, in its own time."""
    token = AccessToken.from_claims(claims, ClaimRules(claims["iss"]))
    token.check_claims("https://rs.example.com/", claims["iat"])
    assert token.scopes == {"openid", "profile", "reademail"}


def test_a_token_can_be_a_key() -> None:
    """Equal tokens have one hash, whatever their claims hold."""
    assert len({_token(x={"y": []}), _token(x={"y": []}), _token(sub="u2")}) == 2


@pytest.mark.parametrize("name", ["azp", "scp"])
def test_a_claim_that_takes_the_place_of_another_is_a_string_too(name: str) -> None:
    """Wherever an issuer says who the client is and what was granted."""
    rules = ClaimRules.of(
        "https://as.test", required_claims=[], client_claims=["azp"], scope_claims=["scp"]
    )
    with pytest.raises(InvalidToken, match=Reason.MALFORMED_CLAIM):
        AccessToken.from_claims({name: ["a"]}, rules)
