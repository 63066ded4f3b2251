"""What asks about a token, and what each answer says of it, plain or signed."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.jws import JWS, JWSHeader
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.binding import check_binding
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.introspection import (
    ClientProof,
    error_code,
    read_introspection,
    signed_members,
    write_form,
)

ISSUER = "https://as.example.com"
RESOURCE = "https://api.example.com"
NOW = 1_800_000_000
RULES = ClaimRules(ISSUER, required_claims=frozenset(), leeway=0)
GOOD = "good"
BEARER_PREFIX = ClientProof({}, {})


def verdict(members: Mapping[str, Any], rules: ClaimRules = RULES) -> str:
    """Return `GOOD`, or why the token is refused at the resource, now."""
    try:
        token = read_introspection(members, rules)
        token.check_claims(RESOURCE, NOW)
        check_binding(token)
    except InvalidToken as error:
        return error.reason
    return GOOD


def answer(**members: Any) -> dict[str, Any]:
    """Return an answer that is good but for *members*."""
    return {"active": True, "aud": RESOURCE, **members}


def test_the_form_has_the_token_and_the_proof() -> None:
    """Everything is form-encoded, and no hint is sent unasked."""
    proof = ClientProof({}, {"client_id": "api"})
    assert write_form("a+b/c==", proof, hint=False) == b"token=a%2Bb%2Fc%3D%3D&client_id=api"
    hinted = b"token=a&token_type_hint=access_token"
    assert write_form("a", BEARER_PREFIX, hint=True) == hinted


@given(st.text())
def test_any_token_is_read_back(token: str) -> None:
    """No character of a token can become a member of the form."""
    form = parse_qs(write_form(token, BEARER_PREFIX, hint=False).decode(), keep_blank_values=True)
    assert form == {"token": [token]}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        pytest.param({"active": False}, Reason.INACTIVE, id="no"),
        pytest.param({"active": False, "aud": RESOURCE}, Reason.INACTIVE, id="no, and more"),
        pytest.param({}, Reason.UNCLEAR_ACTIVE, id="nothing"),
        pytest.param({"active": None}, Reason.UNCLEAR_ACTIVE, id="null"),
        pytest.param({"active": "true"}, Reason.UNCLEAR_ACTIVE, id="a string"),
        pytest.param({"active": 1}, Reason.UNCLEAR_ACTIVE, id="a number"),
        pytest.param({"active": 0}, Reason.UNCLEAR_ACTIVE, id="zero"),
    ],
)
def test_only_true_is_active(members: dict[str, Any], reason: Reason) -> None:
    """Only false is a clear "no"."""
    assert verdict(members) == reason


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param({}, GOOD, id="the least"),
        pytest.param({"exp": NOW + 0.5}, GOOD, id="exp with a fraction"),
        pytest.param({"exp": NOW}, Reason.EXPIRED, id="exp now"),
        pytest.param({"exp": NOW - 0.5}, Reason.EXPIRED, id="exp a moment ago"),
        pytest.param({"exp": str(NOW + 1)}, Reason.MALFORMED_CLAIM, id="exp a string"),
        pytest.param({"exp": True}, Reason.MALFORMED_CLAIM, id="exp true"),
        pytest.param({"nbf": NOW + 1}, Reason.NOT_YET_VALID, id="nbf in a second"),
        pytest.param({"iss": ISSUER}, GOOD, id="our iss"),
        pytest.param({"iss": f"{ISSUER}/"}, Reason.UNKNOWN_ISSUER, id="another iss"),
        pytest.param({"iss": 1}, Reason.UNKNOWN_ISSUER, id="iss a number"),
        pytest.param({"aud": ["https://other.example", RESOURCE]}, GOOD, id="aud a list"),
        pytest.param({"aud": "https://other.example"}, Reason.WRONG_AUDIENCE, id="another aud"),
        pytest.param({"aud": None}, Reason.WRONG_AUDIENCE, id="aud null"),
        pytest.param({"aud": []}, Reason.WRONG_AUDIENCE, id="aud empty"),
        pytest.param({"aud": {"a": 1}}, Reason.MALFORMED_CLAIM, id="aud an object"),
        pytest.param({"scope": ["read"]}, Reason.MALFORMED_CLAIM, id="scope a list"),
        pytest.param({"sub": 1}, Reason.MALFORMED_CLAIM, id="sub a number"),
        pytest.param(
            dict.fromkeys(["exp", "nbf", "iat", "iss", "sub", "scope", "client_id", "cnf"]),
            GOOD,
            id="nulls are absent",
        ),
        pytest.param({"cnf": {}}, Reason.BOUND_TOKEN, id="cnf empty"),
        pytest.param({"cnf": {"jkt": "a"}}, Reason.BOUND_TOKEN, id="cnf jkt"),
        pytest.param({"cnf": {"x5t#S256": "a"}}, Reason.BOUND_TOKEN, id="cnf certificate"),
        pytest.param({"cnf": "odd"}, Reason.BOUND_TOKEN, id="cnf odd"),
        pytest.param({"token_type": "DPoP"}, Reason.BOUND_TOKEN, id="DPoP without cnf"),
        pytest.param({"token_type": "dpop"}, Reason.BOUND_TOKEN, id="dpop, lower case"),
        pytest.param({"token_type": "Bearer"}, GOOD, id="Bearer"),
        pytest.param({"token_type": 1}, GOOD, id="token_type odd"),
        pytest.param({"token_use": "access_token"}, GOOD, id="token_use access_token"),
        pytest.param({"token_use": "refresh_token"}, Reason.WRONG_TYPE, id="a refresh token"),
        pytest.param({"typ": "Refresh"}, Reason.WRONG_TYPE, id="a refresh token of Keycloak"),
        pytest.param({"typ": "Offline"}, Reason.WRONG_TYPE, id="an offline token of Keycloak"),
        pytest.param({"typ": "ID"}, Reason.WRONG_TYPE, id="an ID token of Keycloak"),
        pytest.param({"token_type": "refresh_token"}, Reason.WRONG_TYPE, id="by its token_type"),
    ],
)
def test_an_active_token_is_still_checked(members: dict[str, Any], expected: str) -> None:
    """What the issuer says of it holds here too, and what it leaves out does not harm."""
    assert verdict(answer(**members)) == expected


@pytest.mark.parametrize(
    ("aud", "expected"),
    [
        pytest.param(None, GOOD, id="none"),
        pytest.param([], GOOD, id="empty"),
        pytest.param(RESOURCE, GOOD, id="ours"),
        pytest.param("https://other.example", Reason.WRONG_AUDIENCE, id="another"),
        pytest.param("", Reason.WRONG_AUDIENCE, id="an empty name"),
        pytest.param(7, Reason.MALFORMED_CLAIM, id="a number"),
    ],
)
def test_an_optional_audience_may_be_absent_but_not_wrong(aud: object, expected: str) -> None:
    """The opt-out is for issuers that name none."""
    rules = ClaimRules(ISSUER, required_claims=frozenset(), audience_optional=True)
    assert verdict(answer(aud=aud), rules) == expected


@pytest.mark.parametrize(
    ("claim", "members", "subject"),
    [
        pytest.param("sub", {"sub": "u1", "username": "ann"}, "u1", id="sub"),
        pytest.param("sub", {"username": "ann"}, None, id="never the username unasked"),
        pytest.param("sub", {"sub": None}, None, id="null"),
        pytest.param("username", {"sub": "u1", "username": "ann"}, "ann", id="username, asked"),
        pytest.param("username", {"sub": "u1"}, None, id="never sub then"),
    ],
)
def test_the_subject_is_what_the_rules_name(
    claim: str, members: dict[str, Any], subject: str | None
) -> None:
    """There is no second choice."""
    rules = ClaimRules(ISSUER, required_claims=frozenset(), subject_claim=claim)
    token = read_introspection(answer(**members), rules)
    assert token.subject == subject


def test_the_claims_make_the_same_token_again() -> None:
    """So what is remembered is the claims alone."""
    token = read_introspection(
        answer(sub="u1", exp=NOW + 1.5, scope="read write", extra={"a": [1, None]}, gone=None),
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


def test_required_claims_are_asked_for() -> None:
    """By default none is, but an operator may want some."""
    rules = ClaimRules(ISSUER, required_claims=frozenset({"exp"}))
    assert verdict(answer(), rules) == Reason.MISSING_CLAIM
    assert verdict(answer(exp=None), rules) == Reason.MISSING_CLAIM


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
def test_only_known_error_codes_are_read(body: bytes, code: str | None) -> None:
    """So whatever the issuer writes, nothing else of it gets into a log."""
    assert error_code(body) == code


TYPE = "token-introspection+jwt"
SAID = {"active": True}


def signed(*, typ: str | None = TYPE, algorithm: str = "ES256", **changes: Any) -> JWS:
    """Return a signed answer that is good but for *changes*; `None` leaves a claim out."""
    claims = {"iss": ISSUER, "aud": "api", "iat": NOW, "token_introspection": SAID} | changes
    present = {name: value for name, value in claims.items() if value is not None}
    return JWS(JWSHeader(algorithm, typ, "k1"), present, b"", b"")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(signed(), id="plain"),
        pytest.param(signed(typ=f"application/{TYPE}"), id="type in full"),
        pytest.param(signed(typ=TYPE.upper()), id="type in upper case"),
        pytest.param(signed(aud=["api", "other"]), id="several audiences"),
        pytest.param(signed(iat=NOW - 300.0), id="five minutes old"),
        pytest.param(signed(active=False, sub="other"), id="other members count for nothing"),
    ],
)
def test_a_signed_answer_is_read(token: JWS) -> None:
    """Only the members of `token_introspection` are said about the token."""
    assert signed_members(token, RULES, "api", NOW) == SAID


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(signed(typ=None), id="no type"),
        pytest.param(signed(typ="JWT"), id="another type"),
        pytest.param(signed(typ="at+jwt"), id="an access token"),
        pytest.param(signed(algorithm="none"), id="not signed"),
        pytest.param(signed(algorithm="HS256"), id="a shared secret"),
        pytest.param(signed(iss=None), id="no iss"),
        pytest.param(signed(iss=f"{ISSUER}/"), id="another iss"),
        pytest.param(signed(aud=None), id="no aud"),
        pytest.param(signed(aud="other"), id="for another client"),
        pytest.param(signed(aud=["other"]), id="for other clients"),
        pytest.param(signed(aud={"api": 1}), id="aud odd"),
        pytest.param(signed(iat=None), id="no iat"),
        pytest.param(signed(iat=str(NOW)), id="iat a string"),
        pytest.param(signed(iat=True), id="iat true"),
        pytest.param(signed(iat=NOW - 301), id="old"),
        pytest.param(signed(iat=NOW + 301), id="of tomorrow"),
        pytest.param(signed(token_introspection=None), id="about nothing"),
        pytest.param(signed(token_introspection=[]), id="about a list"),
    ],
)
def test_another_signed_answer_is_none(token: JWS) -> None:
    """It is another JWT, from or for somebody else, or an old one played again."""
    with pytest.raises(ValueError, match="answer"):
        signed_members(token, RULES, "api", NOW)
