"""LocalIssuer: an authorization server that behaves like a real one for an API."""

import asyncio

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from oauth_guard import Guard, JWTIssuer
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer, SigningKey

ALGORITHMS = ["ES256", "ES384", "ES512", "EdDSA", "RS256", "PS256"]
METADATA = "https://issuer.test/.well-known/oauth-authorization-server"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_guard_accepts_tokens_of_each_algorithm(algorithm: str) -> None:
    """The guard needs only the issuer identifier and the HTTP client."""
    local = LocalIssuer(key=SigningKey("a", algorithm))
    guard = Guard(local.audience, [JWTIssuer(local.issuer, http=local.http)])
    fields = [(name.lower().encode(), v.encode()) for name, v in local.headers("read").items()]
    identity = await guard.authenticate(ResourceRequest({"headers": fields}))
    assert identity.subject == "u1"
    assert identity.scopes == {"read"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_published_keys_have_no_private_members(algorithm: str) -> None:
    """The `repr` of a key has none either."""
    key = SigningKey("a", algorithm)
    (jwk,) = LocalIssuer(key=key).jwks["keys"]
    assert (jwk["kid"], jwk["alg"], jwk["use"]) == ("a", algorithm, "sig")
    assert not {"d", "p", "q", "k"} & jwk.keys()
    assert "private" not in repr(key).lower()


def test_private_key_can_be_passed() -> None:
    """So two issuers can sign with the same key."""
    private = ec.generate_private_key(ec.SECP256R1())
    assert SigningKey("a", private=private).jwk == SigningKey("a", private=private).jwk


def test_token_has_the_claims_of_rfc_9068() -> None:
    """All seven required claims, and the granted scope."""
    local = LocalIssuer(audience="https://api.test", clock=lambda: 1000.5)
    token = local.token("read", "write")
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "k1", "typ": "at+jwt"}
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims.pop("jti")
    assert claims == {
        "iss": "https://issuer.test",
        "aud": "https://api.test",
        "sub": "u1",
        "client_id": "c1",
        "iat": 1000,
        "exp": 1300,
        "scope": "read write",
    }


def test_claims_and_header_can_be_changed() -> None:
    """`None` omits a claim."""
    local = LocalIssuer()
    token = local.token(header={"typ": "JWT"}, sub="ada", client_id=None, roles=["admin"])
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["roles"]) == ("ada", ["admin"])
    assert "client_id" not in claims
    assert jwt.get_unverified_header(token)["typ"] == "JWT"


def test_each_token_has_its_own_jti() -> None:
    """Two tokens with the same claims differ."""
    local = LocalIssuer()
    assert local.claims()["jti"] != local.claims()["jti"]


def test_rotation_signs_with_the_new_key_and_publishes_both() -> None:
    """Tokens that the old key signed can still be verified."""
    local = LocalIssuer()
    local.rotate(SigningKey("k2"))
    assert [jwk["kid"] for jwk in local.jwks["keys"]] == ["k2", "k1"]
    assert jwt.get_unverified_header(local.token())["kid"] == "k2"


@pytest.mark.parametrize(
    ("issuer", "metadata_url"),
    [
        ("https://issuer.test", METADATA),
        ("https://issuer.test/", METADATA),
        ("https://issuer.test/t1", f"{METADATA}/t1"),
        ("https://issuer.test/t1/", f"{METADATA}/t1"),
    ],
)
async def test_metadata_url_is_the_one_of_rfc_8414(issuer: str, metadata_url: str) -> None:
    """Metadata and keys are served, any other URL is 404, and every request is recorded."""
    local = LocalIssuer(issuer)
    assert (await local.http.get(metadata_url)).json() == local.metadata
    assert (await local.http.get(local.metadata["jwks_uri"])).json() == local.jwks
    assert (await local.http.get("https://issuer.test/other")).status_code == 404
    assert local.requests == [
        metadata_url,
        local.metadata["jwks_uri"],
        "https://issuer.test/other",
    ]


async def test_metadata_url_can_be_changed() -> None:
    """As with servers that support only OpenID Connect Discovery."""
    local = LocalIssuer()
    local.metadata_url = "https://issuer.test/.well-known/openid-configuration"
    assert (await local.http.get(METADATA)).status_code == 404
    assert (await local.http.get(local.metadata_url)).status_code == 200


async def test_outage_responds_until_it_is_removed() -> None:
    """As a plain function or as a coroutine function."""
    local = LocalIssuer()

    async def late(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        return httpx.Response(504)

    local.outage = lambda _: httpx.Response(503)
    statuses = [(await local.http.get(METADATA)).status_code]
    local.outage = late
    statuses.append((await local.http.get(METADATA)).status_code)
    local.outage = None
    statuses.append((await local.http.get(METADATA)).status_code)
    assert statuses == [503, 504, 200]


def test_key_signs_any_payload_and_header() -> None:
    """Tests can make tokens that no honest server would."""
    token = SigningKey("a").sign(b"not json", {"typ": "x", "kid": "b"})
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "b", "typ": "x"}
    assert jwt.utils.base64url_decode(token.split(".")[1]) == b"not json"
