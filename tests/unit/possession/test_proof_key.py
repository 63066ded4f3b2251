"""ProofKey: its proofs pass the check that a resource server makes."""

from oauth_guard.possession.proof_key import ProofKey
from oauth_guard.protocol.dpop import ProofRules, ProvenRequest, verify_proof

NOW, URL = 1_750_000_000.0, "https://api.test/items"


def test_proof_of_a_request_with_a_token_is_verified() -> None:
    """Query and fragment of its URL are left out."""
    key = ProofKey(lambda: NOW)
    proofs = [key.prove("GET", f"{URL}?a=b#c", token="t").encode() for _ in range(2)]
    request = ProvenRequest("GET", URL, "t")
    found = [verify_proof([proof], request, ProofRules(), NOW) for proof in proofs]
    assert found[0].thumbprint == found[1].thumbprint
    assert proofs[0] != proofs[1]


def test_key_of_another_process_is_another_key() -> None:
    """It is generated, not configured."""
    request = ProvenRequest("GET", URL, "t")
    proofs = [ProofKey(lambda: NOW).prove("GET", URL, token="t").encode() for _ in range(2)]
    first, second = (verify_proof([each], request, ProofRules(), NOW) for each in proofs)
    assert first.thumbprint != second.thumbprint
