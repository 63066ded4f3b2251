"""LocalIssuer: a real authorization server as far as an API can see."""

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
async def test_a_guard_takes_its_tokens(algorithm: str) -> None:
    """With nothing but its name and its client, whatever it signs with."""
    local = LocalIssuer(key=SigningKey("a", algorithm))
    guard = Guard(local.audience, [JWTIssuer(local.issuer, http=local.http)])
    fields = [(name.lower().encode(), v.encode()) for name, v in local.headers("read").items()]
    identity = await guard.authenticate(ResourceRequest("GET", fields))
    assert identity.subject == "u1"
    assert identity.scopes == {"read"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_it_publishes_public_keys_alone(algorithm: str) -> None:
    """The private half stays inside, and out of sight."""
    key = SigningKey("a", algorithm)
    (jwk,) = LocalIssuer(key=key).jwks["keys"]
    assert (jwk["kid"], jwk["alg"], jwk["use"]) == ("a", algorithm, "sig")
    assert not {"d", "p", "q", "k"} & jwk.keys()
    assert "private" not in repr(key).lower()


def test_a_private_key_may_be_handed_in() -> None:
    """So that two servers can sign alike."""
    private = ec.generate_private_key(ec.SECP256R1())
    assert SigningKey("a", private=private).jwk == SigningKey("a", private=private).jwk


def test_tokens_say_what_rfc_9068_asks_for() -> None:
    """All seven claims are there; the scope is what was granted."""
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


def test_claims_and_header_are_open_to_change() -> None:
    """A change to `None` leaves a claim out."""
    local = LocalIssuer()
    token = local.token(header={"typ": "JWT"}, sub="ada", client_id=None, roles=["admin"])
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["roles"]) == ("ada", ["admin"])
    assert "client_id" not in claims
    assert jwt.get_unverified_header(token)["typ"] == "JWT"


def test_no_two_tokens_are_the_same() -> None:
    """Each has a `jti` of its own."""
    local = LocalIssuer()
    assert local.claims()["jti"] != local.claims()["jti"]


def test_rotation_publishes_the_new_key_beside_the_old_and_signs_with_it() -> None:
    """Tokens signed before it keep verifying."""
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
async def test_its_documents_are_where_rfc_8414_has_them(issuer: str, metadata_url: str) -> None:
    """Metadata and keys are served, everything else is 404, and every request is noted."""
    local = LocalIssuer(issuer)
    assert (await local.http.get(metadata_url)).json() == local.metadata
    assert (await local.http.get(local.metadata["jwks_uri"])).json() == local.jwks
    assert (await local.http.get("https://issuer.test/other")).status_code == 404
    assert local.requests == [
        metadata_url,
        local.metadata["jwks_uri"],
        "https://issuer.test/other",
    ]


async def test_its_metadata_may_be_elsewhere() -> None:
    """As with servers that speak OpenID Connect alone."""
    local = LocalIssuer()
    local.metadata_url = "https://issuer.test/.well-known/openid-configuration"
    assert (await local.http.get(METADATA)).status_code == 404
    assert (await local.http.get(local.metadata_url)).status_code == 200


async def test_an_outage_answers_instead() -> None:
    """At once or awaited, until it is over."""
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


def test_a_key_signs_whatever_it_is_given() -> None:
    """Also what no honest server would: that is what tests are for."""
    token = SigningKey("a").sign(b"not json", {"typ": "x", "kid": "b"})
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "b", "typ": "x"}
    assert jwt.utils.base64url_decode(token.split(".")[1]) == b"not json"
