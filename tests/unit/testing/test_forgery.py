"""forge(): a token that is valid without changes, and shows each change."""

import jwt
import pytest

from oauth_guard.testing import LocalIssuer, SigningKey
from oauth_guard.testing.forgery import (
    attacker_certificate,
    attacker_key,
    by_attacker,
    encode,
    forge,
    with_public_key_as_secret,
)

ALGORITHMS = ["ES256", "EdDSA", "RS256"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_token_without_changes_is_valid(algorithm: str) -> None:
    """The issuer's first key signs it."""
    issuer = LocalIssuer(key=SigningKey("k1", algorithm))
    claims = issuer.claims("read")
    token = forge(issuer, claims)
    public = issuer.keys[0].private.public_key()
    assert jwt.decode(token, public, [algorithm], audience=issuer.audience) == claims
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"


def test_parts_of_a_token_can_be_changed_and_removed() -> None:
    """An edit replaces the first occurrence in header and claims."""
    issuer = LocalIssuer()
    token = forge(
        issuer, {"sub": "a", "x": 1}, header={"kid": "z"}, without=["typ"], edit=('"a"', '"b"')
    )
    assert jwt.decode(token, options={"verify_signature": False}) == {"sub": "b", "x": 1}
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "z"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_key_of_the_attacker_is_another_one(algorithm: str) -> None:
    """It has the issuer's algorithm, and one certificate."""
    issuer = LocalIssuer(key=SigningKey("k1", algorithm))
    token = forge(issuer, {"sub": "a"}, sign=by_attacker)
    public = attacker_key(algorithm).private.public_key()
    assert jwt.decode(token, public, [algorithm]) == {"sub": "a"}
    assert attacker_certificate(algorithm) == attacker_certificate(algorithm)


@pytest.mark.parametrize("form", ["PEM", "DER", "JWK"])
def test_public_key_is_used_as_a_secret(form: str) -> None:
    """Each form gives another signature."""
    issuer = LocalIssuer()
    signature = with_public_key_as_secret(form)(issuer, b"message")
    assert len(signature) == 32
    others = [each for each in ("PEM", "DER", "JWK") if each != form]
    assert all(with_public_key_as_secret(each)(issuer, b"message") != signature for each in others)


def test_base64url_has_no_padding() -> None:
    """As in a compact JWS (RFC 7515 §2)."""
    assert encode(b"\xff\xfe") == "__4"
