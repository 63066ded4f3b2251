"""RFC 8725 and its successor, JWT best current practice: section 13 of the matrix."""

from typing import Any

import pytest

from oauth_guard import JWTIssuer
from oauth_guard.errors import InvalidToken
from oauth_guard.jose.algorithms import SYMMETRIC
from oauth_guard.jose.jws import parse_jws
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.testing import SigningKey
from tests.acceptance.attacks.forgery import attacker_key, by, encode, public_k2, with_secret
from tests.acceptance.standards.api import ISSUER, Api, signing_keys
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.raw_jws import claims, compact, header

PARTNER = "https://partner.example.com"


@pytest.mark.conformance("8725-01")
@pytest.mark.parametrize(
    "algorithms",
    [["none"], ["ES256", "none"], ["ES256", "HS256"], ["HS256", "RS256"], ["es256"], ["RS1"], []],
    ids=str,
)
def test_unsafe_algorithms_can_not_be_configured(algorithms: list[str]) -> None:
    """`none`, HMAC beside published keys, and unknown algorithms."""
    with pytest.raises(ValueError, match="algorithms="):
        JWTIssuer(ISSUER, algorithms=algorithms)


@pytest.mark.conformance("8725-01")
def test_default_algorithms_are_asymmetric() -> None:
    """By default neither HMAC nor `none` is accepted."""
    algorithms = ClaimRules.of(ISSUER).algorithms
    assert algorithms.isdisjoint(SYMMETRIC)
    assert {name[:2] for name in algorithms} == {"RS", "PS", "ES", "Ed", "ML"}


@pytest.mark.conformance("8725-02")
@pytest.mark.parametrize("form", ["PEM", "DER", "JWK", "modulus"])
async def test_public_key_as_hmac_secret_is_rejected(api: Api, form: str) -> None:
    """In each encoding of the key."""
    token = compact(header(alg="HS256", kid="k2"), claims(api), with_secret(public_k2(form)))
    expect(await api.get(token=token), "401 invalid_token")


def _two_issuers(**options: Any) -> Api:
    """Return the API with two issuers whose keys share a `kid`; *options* are for the first."""
    ours = JWTIssuer(ISSUER, keys=_published(*signing_keys()), leeway=0, **options)
    theirs = JWTIssuer(PARTNER, keys=_published(attacker_key(), _THEIR_RSA), leeway=0)
    return Api(guard={"issuers": [ours, theirs]})


_THEIR_RSA = SigningKey("k2", "RS256")


def _published(*keys: SigningKey) -> dict[str, Any]:
    return {"keys": [key.jwk for key in keys]}


@pytest.mark.conformance("8725-03")
@pytest.mark.parametrize(
    ("issuer", "key", "outcome"),
    [
        (ISSUER, signing_keys()[1], "401 invalid_token"),
        (ISSUER, signing_keys()[0], "200"),
        (PARTNER, _THEIR_RSA, "200"),
    ],
    ids=["RS256 of the first", "ES256 of the first", "RS256 of the second"],
)
async def test_algorithms_are_configured_per_issuer(
    issuer: str, key: SigningKey, outcome: str
) -> None:
    """An algorithm allowed for one issuer is not allowed for the other."""
    api = _two_issuers(algorithms=["ES256"])
    token = compact(header(alg=key.algorithm, kid=key.key_id), claims(api, iss=issuer), by(key))
    expect(await api.get(token=token), outcome)


@pytest.mark.conformance("8725-06")
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-32-le"])
@pytest.mark.parametrize("where", ["header", "claims"])
async def test_token_in_another_encoding_is_rejected(api: Api, encoding: str, where: str) -> None:
    """Although its signature is valid."""
    parts = {"header": header(), "claims": claims(api, name="é")}
    text = parts[where].decode().replace('"k1"', '"k1","x":"é"').replace("\\u00e9", "é")
    parts[where] = text.encode(encoding)
    token = compact(parts["header"], parts["claims"])
    expect(await api.get(token=token), "401 invalid_token")


@pytest.mark.conformance("8725-07")
@pytest.mark.parametrize(
    ("issuer", "key", "outcome"),
    [
        (ISSUER, attacker_key(), "401 invalid_token"),
        (PARTNER, signing_keys()[0], "401 invalid_token"),
        (ISSUER, signing_keys()[0], "200"),
        (PARTNER, attacker_key(), "200"),
    ],
    ids=["first by second", "second by first", "first", "second"],
)
async def test_key_verifies_only_tokens_of_its_issuer(
    issuer: str, key: SigningKey, outcome: str
) -> None:
    """Two issuers have a key of the same `kid`."""
    api = _two_issuers()
    expect(await api.get(token=compact(header(), claims(api, iss=issuer), by(key))), outcome)


@pytest.mark.conformance("8725-08")
@pytest.mark.parametrize(
    "kid",
    [
        "../../etc/passwd",
        "' OR 1=1--",
        "k" * 10_000,
        "https://evil.example/jwks",
        "k1\0",
        "k1\r\nx-evil: 1",
        "{{7*7}}",
        "",
    ],
    ids=lambda kid: repr(kid)[:20],
)
async def test_kid_is_only_compared(api: Api, kid: str) -> None:
    """It becomes no path, query, URL, log text or part of the response."""
    response = await api.get(token=compact(header(kid=kid), claims(api)))
    expect(response, "401 invalid_token")
    urls = {f"{ISSUER}/jwks", f"{ISSUER}/.well-known/oauth-authorization-server"}
    assert set(api.authority.requests) <= urls
    assert not kid or kid not in repr(response.messages) + response.log


@pytest.mark.conformance("8725-10")
@pytest.mark.parametrize(
    "typ",
    [
        *("JWT", "secevent+jwt", "logout+jwt", "dpop+jwt", "statuslist+jwt"),
        *("token-introspection+jwt", "application/dpop+jwt", "oauth-authz-req+jwt", "", None),
    ],
)
async def test_jwt_of_another_type_is_rejected(api: Api, typ: str | None) -> None:
    """Although issuer, audience and signature are right."""
    expect(await api.get(token=api.token(header={"typ": typ})), "401 invalid_token")


@pytest.mark.conformance("8725-10")
@pytest.mark.parametrize(
    "changes",
    [
        *({"at_hash": "x"}, {"c_hash": "x"}, {"token_use": "id"}, {"typ": "ID"}),
        *({"token_type": "refresh"}, {"type": "refresh"}, {"typ": "Refresh"}, {"typ": "Offline"}),
        *({"tokenType": "REFRESH_TOKEN"}, {"token_use": "logout_token"}, {"typ": "refresh+jwt"}),
        {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
    ],
    ids=str,
)
async def test_other_token_is_rejected_by_its_claims(changes: dict[str, Any]) -> None:
    """For an issuer that has no `typ` of its own for access tokens."""
    api = Api(issuer={"types": ["JWT"]})
    expect(await api.get(token=api.token(header={"typ": "JWT"})), "200")
    token = api.token(header={"typ": "JWT"}, **changes)
    expect(await api.get(token=token), "401 invalid_token")


def _json_serialization(api: Api, *, general: bool) -> str:
    head, payload, signature = api.token().split(".")
    signatures = f'"protected":"{head}","signature":"{signature}"'
    return f'{{"payload":"{payload}",' + (
        f'"signatures":[{{{signatures}}}]}}' if general else f"{signatures}}}"
    )


@pytest.mark.conformance("8725-12")
@pytest.mark.parametrize("general", [False, True], ids=["flattened", "general"])
async def test_json_serialization_is_rejected(api: Api, general: bool) -> None:
    """It is not token68."""
    text = _json_serialization(api, general=general)
    expect(await api.get(token=text), "400 invalid_request")
    with pytest.raises(InvalidToken):
        parse_jws(text)
    expect(await api.get(token=encode(text.encode())), "401 invalid_token")


@pytest.mark.conformance("8725-12")
@pytest.mark.parametrize("where", [0, 10, -1])
@pytest.mark.parametrize("character", ["~", "+", "/"])
async def test_token_with_other_token68_characters_is_no_jwt(
    api: Api, character: str, where: int
) -> None:
    """Token68 permits more characters than base64url."""
    text = api.token()
    expect(await api.get(token=f"{text[:where]}{character}{text[where:]}"), "401 invalid_token")
