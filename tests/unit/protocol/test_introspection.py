"""Introspection requests are form-encoded; plain and signed responses are checked."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.jws import JWS, JWSHeader
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.binding import check_binding, confirmation_of
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.introspection import (
    ClientProof,
    error_code,
    read_introspection,
    read_signed_response,
    write_form,
)
from tests.unit.protocol.properties import BOUNDED

ISSUER = "https://as.example.com"
RESOURCE = "https://api.example.com"
NOW = 1_800_000_000
ACCESS_TOKEN_URN = "urn:ietf:params:oauth:token-type:access_token"
RULES = ClaimRules(ISSUER, required_claims=frozenset(), leeway=0)
VALID = "valid"
NO_PROOF = ClientProof({}, {})


def outcome(members: Mapping[str, Any], rules: ClaimRules = RULES) -> str:
    """Return `VALID`, or the reason why the resource rejects the token now."""
    try:
        token = read_introspection(members, rules)
        token.check_claims(RESOURCE, NOW)
        check_binding(confirmation_of(token.claims))
    except InvalidToken as error:
        return error.reason
    return VALID


def response(**members: Any) -> dict[str, Any]:
    """Return the members of a response for a valid token, changed by *members*."""
    return {"active": True, "aud": RESOURCE, **members}


def test_form_has_the_token_and_the_client_authentication() -> None:
    """Values are form-encoded; `token_type_hint` is sent only if it is requested."""
    proof = ClientProof({}, {"client_id": "api"})
    assert write_form("a+b/c==", proof, hint=False) == b"token=a%2Bb%2Fc%3D%3D&client_id=api"
    hinted = b"token=a&token_type_hint=access_token"
    assert write_form("a", NO_PROOF, hint=True) == hinted


@BOUNDED
@given(st.text())
def test_form_with_any_token_is_parsed_to_the_same_token(token: str) -> None:
    """No character of a token adds a member to the form."""
    form = parse_qs(write_form(token, NO_PROOF, hint=False).decode(), keep_blank_values=True)
    assert form == {"token": [token]}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        pytest.param({"active": False}, Reason.INACTIVE, id="false"),
        pytest.param({"active": False, "aud": RESOURCE}, Reason.INACTIVE, id="false, with claims"),
        pytest.param({}, Reason.UNCLEAR_ACTIVE, id="missing"),
        pytest.param({"active": None}, Reason.UNCLEAR_ACTIVE, id="null"),
        pytest.param({"active": "true"}, Reason.UNCLEAR_ACTIVE, id="a string"),
        pytest.param({"active": 1}, Reason.UNCLEAR_ACTIVE, id="a number"),
        pytest.param({"active": 0}, Reason.UNCLEAR_ACTIVE, id="zero"),
    ],
)
def test_response_without_active_true_is_rejected(members: dict[str, Any], reason: Reason) -> None:
    """Only `false` gives the reason INACTIVE."""
    assert outcome(members) == reason


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param({}, VALID, id="minimal"),
        pytest.param({"exp": NOW + 0.5}, VALID, id="exp with a fraction"),
        pytest.param({"exp": NOW}, Reason.EXPIRED, id="exp now"),
        pytest.param({"exp": NOW - 0.5}, Reason.EXPIRED, id="exp half a second ago"),
        pytest.param({"exp": str(NOW + 1)}, Reason.MALFORMED_CLAIM, id="exp a string"),
        pytest.param({"exp": True}, Reason.MALFORMED_CLAIM, id="exp true"),
        pytest.param({"nbf": NOW + 1}, Reason.NOT_YET_VALID, id="nbf in a second"),
        pytest.param({"iss": ISSUER}, VALID, id="iss of the issuer"),
        pytest.param({"iss": f"{ISSUER}/"}, Reason.UNKNOWN_ISSUER, id="another iss"),
        pytest.param({"iss": 1}, Reason.MALFORMED_CLAIM, id="iss a number"),
        pytest.param({"aud": ["https://other.example", RESOURCE]}, VALID, id="aud a list"),
        pytest.param({"aud": "https://other.example"}, Reason.WRONG_AUDIENCE, id="another aud"),
        pytest.param({"aud": None}, Reason.WRONG_AUDIENCE, id="aud null"),
        pytest.param({"aud": []}, Reason.WRONG_AUDIENCE, id="aud empty"),
        pytest.param({"aud": {"a": 1}}, Reason.MALFORMED_CLAIM, id="aud an object"),
        pytest.param({"scope": ["read"]}, Reason.MALFORMED_CLAIM, id="scope a list"),
        pytest.param({"sub": 1}, Reason.MALFORMED_CLAIM, id="sub a number"),
        pytest.param(
            dict.fromkeys(["exp", "nbf", "iat", "iss", "sub", "scope", "client_id", "token_type"]),
            VALID,
            id="nulls are absent",
        ),
        pytest.param({"cnf": None}, Reason.UNKNOWN_CONFIRMATION, id="cnf null"),
        pytest.param({"cnf": {}}, Reason.UNKNOWN_CONFIRMATION, id="cnf empty"),
        pytest.param({"cnf": {"jkt": "a"}}, Reason.BOUND_TOKEN, id="cnf jkt"),
        pytest.param({"cnf": {"x5t#S256": "a"}}, Reason.BOUND_TOKEN, id="cnf certificate"),
        pytest.param({"cnf": "jkt"}, Reason.UNKNOWN_CONFIRMATION, id="cnf a string"),
        pytest.param({"token_type": "DPoP"}, Reason.BOUND_TOKEN, id="DPoP without cnf"),
        pytest.param({"token_type": "dpop"}, Reason.BOUND_TOKEN, id="dpop, lower case"),
        pytest.param({"token_type": "Bearer"}, VALID, id="Bearer"),
        *(
            pytest.param({"token_type": each}, VALID, id=f"token_type {each}")
            for each in ("BEARER", "access_token", "Access_Token", ACCESS_TOKEN_URN)
        ),
        *(
            pytest.param({"token_type": each}, Reason.WRONG_TYPE, id=f"token_type {each!r}")
            for each in (
                *("mac", "N_A", "PoP", "authorization_code", "urn:ietf:params:oauth:jwt"),
                *("", " Bearer", "Bearer ", "access", "HoK"),
            )
        ),
        *(
            pytest.param({"token_type": each}, Reason.MALFORMED_CLAIM, id=f"token_type {each!r}")
            for each in (1, True, ["Bearer"], {"a": "Bearer"})
        ),
        *(
            pytest.param({name: kind}, Reason.WRONG_TYPE, id=f"{name} {kind}")
            for name in ("typ", "token_use", "token_type", "type", "tokenType")
            for kind in ("Refresh", "refresh-token", "OFFLINE", "id_token", "Logout")
        ),
        pytest.param({"token_use": "access_token"}, VALID, id="token_use access_token"),
        pytest.param({"token_use": "refresh_token"}, Reason.WRONG_TYPE, id="a refresh token"),
        pytest.param({"typ": "Refresh"}, Reason.WRONG_TYPE, id="a refresh token of Keycloak"),
        pytest.param({"typ": "Offline"}, Reason.WRONG_TYPE, id="an offline token of Keycloak"),
        pytest.param({"typ": "ID"}, Reason.WRONG_TYPE, id="an ID token of Keycloak"),
        pytest.param(
            {"token_type": "refresh_token"}, Reason.WRONG_TYPE, id="a refresh token by token_type"
        ),
    ],
)
def test_claims_of_an_active_token_are_checked(members: dict[str, Any], expected: str) -> None:
    """A claim that is absent or null is not checked, apart from the audience."""
    assert outcome(response(**members)) == expected


@pytest.mark.parametrize("name", ["N_A", "n_a", "MAC"])
def test_further_token_types_are_accepted_if_the_rules_name_them(name: str) -> None:
    """Without regard to case; a type of another kind of token is never accepted."""
    types = frozenset({"n_a", "mac", "refresh_token"})
    rules = ClaimRules(ISSUER, required_claims=frozenset(), token_types=types)
    assert outcome(response(token_type=name), rules) == VALID
    assert outcome(response(token_type="PoP"), rules) == Reason.WRONG_TYPE
    assert outcome(response(token_type="refresh_token"), rules) == Reason.WRONG_TYPE


def test_cached_claims_of_another_configuration_are_checked_again() -> None:
    """Another process may accept a token type that this one does not."""
    accepting = ClaimRules(ISSUER, required_claims=frozenset(), token_types=frozenset({"mac"}))
    strict = ClaimRules(ISSUER, required_claims=frozenset(), token_types=frozenset())
    claims = read_introspection(response(token_type="mac"), accepting).claims
    assert AccessToken.from_claims(claims, accepting).claims == claims
    with pytest.raises(InvalidToken, match=Reason.WRONG_TYPE):
        AccessToken.from_claims(claims, strict)


@pytest.mark.parametrize("sub", [{}, {"sub": None}, {"sub": ""}], ids=str)
def test_response_with_username_and_no_subject_has_a_remark_that_names_the_setting(
    sub: dict[str, Any],
) -> None:
    """It says nothing of the value."""
    token = read_introspection(response(username="ann", client_id="c1", **sub), RULES)
    assert token.subject is None
    assert token.remarks == ('sub is missing, username is not: see subject_from="username"',)
    assert not read_introspection(response(username="ann", sub="u1"), RULES).remarks
    assert not read_introspection(response(client_id="c1"), RULES).remarks


@pytest.mark.parametrize(
    ("aud", "expected"),
    [
        pytest.param(None, VALID, id="none"),
        pytest.param([], VALID, id="empty"),
        pytest.param(RESOURCE, VALID, id="the resource"),
        pytest.param("https://other.example", Reason.WRONG_AUDIENCE, id="another"),
        pytest.param("", Reason.WRONG_AUDIENCE, id="an empty name"),
        pytest.param(7, Reason.MALFORMED_CLAIM, id="a number"),
    ],
)
def test_optional_audience_may_be_absent_but_not_another(aud: object, expected: str) -> None:
    """`audience_optional` is for issuers that send no audience."""
    rules = ClaimRules(ISSUER, required_claims=frozenset(), audience_optional=True)
    assert outcome(response(aud=aud), rules) == expected


@pytest.mark.parametrize(
    ("claim", "members", "subject"),
    [
        pytest.param("sub", {"sub": "u1", "username": "ann"}, "u1", id="sub"),
        pytest.param("sub", {"username": "ann"}, None, id="username is not used by default"),
        pytest.param("sub", {"sub": None}, None, id="null"),
        pytest.param(
            "username", {"sub": "u1", "username": "ann"}, "ann", id="username is configured"
        ),
        pytest.param("username", {"sub": "u1"}, None, id="username is configured, sub is present"),
    ],
)
def test_subject_is_the_configured_claim(
    claim: str, members: dict[str, Any], subject: str | None
) -> None:
    """There is no fallback to another claim."""
    rules = ClaimRules(ISSUER, required_claims=frozenset(), subject_claim=claim)
    token = read_introspection(response(**members), rules)
    assert token.subject == subject


def test_token_can_be_rebuilt_from_its_claims() -> None:
    """The introspection cache relies on this: it caches the claims alone."""
    token = read_introspection(
        response(sub="u1", exp=NOW + 1.5, scope="read write", extra={"a": [1, None]}, gone=None),
        RULES,
    )
    assert token.claims == {
        "aud": RESOURCE,
        "sub": "u1",
        "exp": NOW + 1.5,
        "scope": "read write",
        "extra": {"a": (1, None)},
    }
    assert AccessToken.from_claims(token.claims, RULES) == token


def test_response_without_a_required_claim_is_rejected() -> None:
    """A claim that is null counts as absent."""
    rules = ClaimRules(ISSUER, required_claims=frozenset({"exp"}))
    assert outcome(response(), rules) == Reason.MISSING_CLAIM
    assert outcome(response(exp=None), rules) == Reason.MISSING_CLAIM


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"error":"invalid_client"}', "invalid_client"),
        (b'{"error":"unsupported_token_type","error_description":"x"}', "unsupported_token_type"),
        (b'{"error":"<script>"}', None),
        (b'{"error":["invalid_client"]}', None),
        (b"{}", None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_error_code_is_returned_only_if_it_is_known(body: bytes, code: str | None) -> None:
    """No other text of the issuer reaches a log."""
    assert error_code(body) == code


TYPE = "token-introspection+jwt"
MEMBERS = {"active": True}


def signed(*, typ: str | None = TYPE, algorithm: str = "ES256", **changes: Any) -> JWS:
    """Return a valid signed response changed by *changes*; None removes a claim."""
    claims = {"iss": ISSUER, "aud": "api", "iat": NOW, "token_introspection": MEMBERS} | changes
    present = {name: value for name, value in claims.items() if value is not None}
    return JWS(JWSHeader(algorithm, typ, "k1"), present, b"", b"")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(signed(), id="unchanged"),
        pytest.param(signed(typ=f"application/{TYPE}"), id="type in full"),
        pytest.param(signed(typ=TYPE.upper()), id="type in upper case"),
        pytest.param(signed(aud=["api", "other"]), id="several audiences"),
        pytest.param(signed(aud=RESOURCE), id="for the resource"),
        pytest.param(signed(iat=NOW - 300.0), id="five minutes old"),
        pytest.param(signed(exp=NOW + 0.5, nbf=NOW), id="within its own times"),
        pytest.param(signed(active=False, sub="other"), id="other members are ignored"),
    ],
)
def test_valid_signed_response_gives_its_token_introspection_member(token: JWS) -> None:
    """Top-level claims describe the response, not the token."""
    assert read_signed_response(token, RULES, ("api", RESOURCE), NOW) == MEMBERS


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(signed(typ=None), id="no type"),
        pytest.param(signed(typ="JWT"), id="another type"),
        pytest.param(signed(typ="at+jwt"), id="an access token"),
        pytest.param(signed(algorithm="none"), id="alg none"),
        pytest.param(signed(algorithm="HS256"), id="alg HS256"),
        pytest.param(signed(iss=None), id="no iss"),
        pytest.param(signed(iss=f"{ISSUER}/"), id="another iss"),
        pytest.param(signed(exp=NOW), id="expired"),
        pytest.param(signed(exp=NOW - 3600), id="expired an hour ago"),
        pytest.param(signed(exp=str(NOW + 60)), id="exp a string"),
        pytest.param(signed(exp=True), id="exp true"),
        pytest.param(signed(exp={}), id="exp an object"),
        pytest.param(signed(nbf=NOW + 1), id="not valid yet"),
        pytest.param(signed(nbf=[NOW]), id="nbf an array"),
        pytest.param(signed(aud=[{"api": 1}, ["api"], None]), id="aud of other types"),
        pytest.param(signed(aud=None), id="no aud"),
        pytest.param(signed(aud="other"), id="for another client"),
        pytest.param(signed(aud=["other"]), id="for other clients"),
        pytest.param(signed(aud={"api": 1}), id="aud an object"),
        pytest.param(signed(iat=None), id="no iat"),
        pytest.param(signed(iat=str(NOW)), id="iat a string"),
        pytest.param(signed(iat=True), id="iat true"),
        pytest.param(signed(iat=NOW - 301), id="issued 301 s ago"),
        pytest.param(signed(iat=NOW + 301), id="issued in 301 s"),
        pytest.param(signed(token_introspection=None), id="no token_introspection"),
        pytest.param(signed(token_introspection=[]), id="token_introspection a list"),
    ],
)
def test_signed_response_with_another_claim_is_rejected(token: JWS) -> None:
    """It has another type, algorithm, issuer or audience, or is a replay of an old one."""
    with pytest.raises(ValueError, match="a signed response needs"):
        read_signed_response(token, RULES, {"api", RESOURCE}, NOW)
