"""DPoPKey makes proofs that a resource accepts, and attacks that it does not."""

import jwt
import pytest
from joserfc import jwk

from oauth_guard.errors import InvalidDPoPProof
from oauth_guard.protocol.dpop import ProofRules, ProvenRequest, verify_proof
from oauth_guard.testing.dpop import DPOP_ATTACKS, DPoPKey

NOW = 1000.5
URL = "https://api.test/r"
ALGORITHMS = ["ES256", "ES384", "ES512", "EdDSA", "RS256", "PS256"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_proof_has_the_header_and_claims_of_the_standard(algorithm: str) -> None:
    """Header and claims, the URL without query and fragment, and a thumbprint as others have it."""
    key = DPoPKey(algorithm, clock=lambda: NOW)
    proof = key.proof("token", "GET", f"{URL}?a=1#b")
    header = jwt.get_unverified_header(proof)
    assert header == {"typ": "dpop+jwt", "alg": algorithm, "jwk": key.jwk}
    claims = jwt.decode(proof, options={"verify_signature": False, "verify_iat": False})
    assert claims.pop("jti")
    assert claims.pop("ath")
    assert claims == {"htm": "GET", "htu": URL, "iat": 1000}
    assert jwk.import_key(key.jwk).thumbprint() == key.thumbprint == key.cnf["jkt"]
    rules = ProofRules.of([algorithm])
    verified = verify_proof((proof.encode(),), ProvenRequest("GET", URL, "token"), rules, NOW)
    assert verified.thumbprint == key.thumbprint


def test_no_two_proofs_are_the_same() -> None:
    """Each has a `jti` of its own."""
    key = DPoPKey()
    assert key.proof("token", "GET", URL) != key.proof("token", "GET", URL)


def test_header_fields_carry_token_and_proof() -> None:
    """Changes go to the claims of the proof."""
    headers = DPoPKey(clock=lambda: NOW).headers("token", "POST", URL, nonce="n")
    assert headers["Authorization"] == "DPoP token"
    claims = jwt.decode(headers["DPoP"], options={"verify_signature": False, "verify_iat": False})
    assert (claims["htm"], claims["nonce"]) == ("POST", "n")


@pytest.mark.parametrize("name", list(DPOP_ATTACKS))
def test_attack_is_another_proof_than_a_good_one(name: str) -> None:
    """By name, for any key."""
    key = DPoPKey(clock=lambda: NOW)
    attack = key.attack(name, "token", "GET", URL).encode()
    request = ProvenRequest("GET", URL, "token")
    if name == "another key":
        assert verify_proof((attack,), request, ProofRules(), NOW).thumbprint != key.thumbprint
    else:
        with pytest.raises(InvalidDPoPProof):
            verify_proof((attack,), request, ProofRules(), NOW)


def test_unknown_attack_is_an_error() -> None:
    """A test that misspells a name fails."""
    with pytest.raises(KeyError):
        DPoPKey().attack("unheard of", "token", "GET", URL)
