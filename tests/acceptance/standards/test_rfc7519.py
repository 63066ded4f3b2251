"""RFC 7519, JSON Web Token: section 10 of the conformance matrix."""

import json
from typing import Any

import pytest

from tests.acceptance.attacks.forgery import always
from tests.acceptance.standards.api import ISSUER, NOW, RESOURCE, Api
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.raw_jws import claims, compact, header

GOOD, BAD = "200", "401 invalid_token"


async def response_to(api: Api, **changes: Any) -> Any:
    """Return the response to `T` with *changes* to its claims; None becomes null."""
    return await api.get(token=compact(header(), claims(api, **changes)))


@pytest.mark.conformance("7519-01")
@pytest.mark.parametrize(
    "payload",
    [b"[]", b'"x"', b"null", b"1", b"{}x", b"{", b"\xff", b'{"sub":"\xff"}', b"\xef\xbb\xbf{}"],
)
async def test_payload_that_is_not_one_json_object_is_rejected(api: Api, payload: bytes) -> None:
    """In UTF-8, with nothing before or after it."""
    expect(await api.get(token=compact(header(), payload)), BAD)


@pytest.mark.conformance("7519-01")
@pytest.mark.parametrize(
    "member",
    [
        pytest.param(b'"a":NaN', id="NaN"),
        pytest.param(b'"a":Infinity', id="Infinity"),
        pytest.param(b'"a":-Infinity', id="-Infinity"),
        pytest.param(b'"a":1e400', id="a number that overflows"),
        pytest.param(b'"a":' + b"9" * 5000, id="an integer of 5000 digits"),
        pytest.param(b'"a":' + b"[" * 3000 + b"]" * 3000, id="3000 arrays"),
        pytest.param(b'"a":"\\ud800"', id="a lone surrogate"),
        pytest.param(b'"a":"\xed\xa0\x80"', id="a lone surrogate in UTF-8"),
        pytest.param(b'"a":"\x01"', id="a control character"),
        pytest.param(b'"a":01', id="a leading zero"),
        pytest.param(b"'a':1", id="single quotes"),
    ],
)
async def test_payload_that_is_not_strict_json_is_rejected(api: Api, member: bytes) -> None:
    """Input that two parsers may read differently is invalid at any depth."""
    payload = claims(api)[:-1] + b"," + member + b"}"
    expect(await api.get(token=compact(header(), payload)), BAD)


@pytest.mark.conformance("7519-02")
@pytest.mark.parametrize(
    "member",
    [
        b'"aud":"https://x"',
        b'"aud":"https://api.example.com"',
        rb'"\u0061ud":"https://x"',
        b'"x":{"y":1,"y":2}',
        b'"x":[{"y":{"z":1,"z":1}}]',
    ],
    ids=["different", "equal", "escaped", "nested", "deeper"],
)
@pytest.mark.parametrize("first", [True, False], ids=["before", "behind"])
async def test_duplicate_claim_is_rejected(api: Api, member: bytes, first: bool) -> None:
    """Neither the first nor the last is used."""
    others = claims(api)[1:-1]
    payload = b"{%b,%b}" % ((member, others) if first else (others, member))
    expect(await api.get(token=compact(header(), payload)), BAD)


@pytest.mark.conformance("7519-03")
@pytest.mark.parametrize(
    ("leeway", "exp", "outcome"),
    [
        (0, NOW, BAD),
        (0, NOW + 1, GOOD),
        (0, NOW - 1, BAD),
        (5, NOW - 4, GOOD),
        (5, NOW - 5, BAD),
    ],
)
async def test_token_is_rejected_from_exp_on(leeway: float, exp: int, outcome: str) -> None:
    """The leeway moves the limit."""
    expect(await response_to(Api(issuer={"leeway": leeway}), exp=exp), outcome)


@pytest.mark.conformance("7519-04")
@pytest.mark.parametrize(
    ("leeway", "nbf", "outcome"),
    [(0, NOW, GOOD), (0, NOW + 1, BAD), (5, NOW + 5, GOOD), (5, NOW + 6, BAD)],
)
async def test_token_is_rejected_before_nbf(leeway: float, nbf: int, outcome: str) -> None:
    """The leeway moves the limit."""
    expect(await response_to(Api(issuer={"leeway": leeway}), nbf=nbf), outcome)


@pytest.mark.conformance("7519-05")
@pytest.mark.parametrize(
    ("exp", "outcome"),
    [
        (NOW + 0.5, GOOD),
        ("1999999999", BAD),
        (None, BAD),
        (True, BAD),
        ([NOW + 1], BAD),
        ({}, BAD),
    ],
    ids=repr,
)
async def test_exp_must_be_a_number(api: Api, exp: object, outcome: str) -> None:
    """It may have a fraction."""
    expect(await response_to(api, exp=exp), outcome)


@pytest.mark.conformance("7519-05")
@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", [str(NOW), None, True, [NOW]], ids=repr)
async def test_iat_and_nbf_must_be_numbers(api: Api, claim: str, value: object) -> None:
    """Also if the date is not required."""
    expect(await response_to(api, **{claim: value}), BAD)


@pytest.mark.conformance("7519-06")
@pytest.mark.parametrize(
    ("aud", "outcome"),
    [
        (RESOURCE, GOOD),
        (["https://x", RESOURCE], GOOD),
        ([RESOURCE], GOOD),
        (["https://x"], BAD),
        ([], BAD),
        ("", BAD),
        (None, BAD),
        ([RESOURCE, 1], BAD),
        ({RESOURCE: 1}, BAD),
    ],
    ids=repr,
)
async def test_audience_must_contain_the_resource(api: Api, aud: object, outcome: str) -> None:
    """As a string, or as one of several."""
    expect(await response_to(api, aud=aud), outcome)


@pytest.mark.conformance("7519-06")
async def test_token_without_audience_is_rejected(api: Api) -> None:
    """The claim is required."""
    expect(await api.get(token=api.token(aud=None)), BAD)


@pytest.mark.conformance("7519-07")
@pytest.mark.parametrize(
    "aud",
    [
        "https://api.example.com.evil.test",
        "https://api.example.co",
        "https://API.example.com",
        "https://api.example.com/",
        "HTTPS://api.example.com",
        "https://api.example.com:443",
        " https://api.example.com",
        "https://\u0430pi.example.com",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("listed", [True, False])
async def test_audience_is_compared_exactly(api: Api, aud: str, listed: bool) -> None:
    """Code point by code point, without normalization."""
    expect(await response_to(api, aud=[aud] if listed else aud), BAD)


@pytest.mark.conformance("7519-08")
@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("sub", 5),
        ("sub", None),
        ("iss", [ISSUER]),
        ("sub", ""),
        ("client_id", ""),
        ("jti", ""),
        ("client_id", {}),
        ("client_id", None),
        ("scope", ["read"]),
        ("jti", None),
        ("sub", True),
    ],
)
async def test_registered_claim_of_wrong_type_is_rejected(
    api: Api, claim: str, value: object
) -> None:
    """So is a required claim that is null or empty."""
    expect(await response_to(api, **{claim: value}), BAD)


@pytest.mark.conformance("7519-15")
@pytest.mark.parametrize(
    ("claim", "value"),
    [
        *(("jti", 1), ("auth_time", "2026-03-14T18:52:01.180Z"), ("auth_time", None)),
        *(("acr", 1), ("acr", ["mfa"]), ("amr", "pwd"), ("nonce", {}), ("x", [None])),
    ],
)
async def test_claim_that_decides_nothing_may_have_any_type(
    api: Api, claim: str, value: object
) -> None:
    """Issuers write some of them in other types, such as a time as text."""
    expect(await response_to(api, **{claim: value}), GOOD)


@pytest.mark.conformance("7519-09")
@pytest.mark.parametrize(
    ("parameters", "outcome"),
    [
        ({"iss": "https://evil.example"}, BAD),
        ({"sub": "admin"}, BAD),
        ({"aud": "https://x"}, BAD),
        ({"aud": [RESOURCE]}, BAD),
        ({"iss": ISSUER, "sub": "u1", "aud": RESOURCE}, GOOD),
    ],
    ids=repr,
)
async def test_claim_replicated_in_the_header_must_be_equal(
    api: Api, parameters: dict[str, Any], outcome: str
) -> None:
    """A difference makes the token invalid."""
    expect(await api.get(token=compact(header(**parameters), claims(api))), outcome)


@pytest.mark.conformance("7519-10")
@pytest.mark.parametrize("cty", ["JWT", "jwt", "application/jwt", None])
async def test_nested_jwt_is_rejected(api: Api, cty: str | None) -> None:
    """Its payload is not a claims set."""
    document = header(cty=cty) if cty else header()
    expect(await api.get(token=compact(document, api.token().encode())), BAD)


@pytest.mark.conformance("7519-11")
@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE"])
@pytest.mark.parametrize("signature", [b"", b"\x8f\x3c" * 32], ids=["empty", "random"])
async def test_unsecured_jwt_is_rejected(api: Api, alg: str, signature: bytes) -> None:
    """However `none` is spelled, with or without a signature."""
    token = compact(header(alg=alg), claims(api), always(signature))
    expect(await api.get(token=token), BAD)


@pytest.mark.conformance("7519-12")
@pytest.mark.parametrize(
    ("leeway", "iat", "outcome"),
    [
        (0, NOW + 10, GOOD),
        (0, NOW + 61, BAD),
        (0, NOW + 11, BAD),
        (30, NOW + 30, GOOD),
        (300, NOW + 60, GOOD),
        (300, NOW + 61, BAD),
    ],
)
async def test_token_issued_in_the_future_is_rejected(
    leeway: float, iat: int, outcome: str
) -> None:
    """10 s are tolerated, with leeway up to 60 s."""
    expect(await response_to(Api(issuer={"leeway": leeway}), iat=iat), outcome)


@pytest.mark.conformance("7519-14")
async def test_unknown_claim_is_ignored(api: Api) -> None:
    """The application can read it."""
    response = await response_to(api, x={"y": [1]})
    expect(response, GOOD)
    assert json.loads(json.dumps(response.seen[0].claims["x"])) == {"y": [1]}
