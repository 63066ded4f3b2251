"""A DPoP proof is accepted for one request, one token and a short time, and otherwise not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import ConfigurationError, InvalidDPoPProof, Reason, UseDPoPNonce
from oauth_guard.jose.thumbprint import thumbprints_match
from oauth_guard.protocol.dpop import (
    MAX_PROOF_BYTES,
    DPoPProof,
    ProofRules,
    ProvenRequest,
    verify_proof,
)
from oauth_guard.protocol.nonce import Nonces
from oauth_guard.testing.dpop import DPOP_ATTACKS, DPoPKey
from tests.unit.protocol.properties import BOUNDED

NOW = 1_750_000_020.0
URL = "https://api.example.com/r"
TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
REQUEST = ProvenRequest("GET", URL, TOKEN)
RULES = ProofRules()
NONCES = Nonces(b"n" * 32)
WITH_NONCES = ProofRules(nonces=NONCES)
KEY = DPoPKey(clock=lambda: NOW)

# The proof of RFC 9449 §7.1, for the token above.
EXAMPLE = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6Ik"
    "VDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR"
    "nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE"
    "QSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIj"
    "oiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0Z"
    "WRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNF"
    "c05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71E"
    "OptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)
EXAMPLE_REQUEST = ProvenRequest("GET", "https://resource.example.org/protectedresource", TOKEN)


def fault(
    proof: str | bytes | None,
    request: ProvenRequest = REQUEST,
    rules: ProofRules = RULES,
    now: float = NOW,
) -> Reason | None:
    """Return why *proof* is rejected, or None if it is accepted."""
    encoded = proof.encode() if isinstance(proof, str) else proof
    try:
        verify_proof(() if encoded is None else (encoded,), request, rules, now)
    except InvalidDPoPProof as error:
        return error.reason
    return None


def changed(**changes: Any) -> Reason | None:
    """Return why a proof with these claims is rejected; None leaves a claim out."""
    return fault(KEY.proof(TOKEN, "GET", URL, **changes))


# ── good proofs ──────────────────────────────────────────────────────────────────────────────


def test_example_of_the_standard_is_accepted() -> None:
    """Its thumbprint and its `jti` are what the text says."""
    proof = verify_proof((EXAMPLE.encode(),), EXAMPLE_REQUEST, RULES, 1562262618)
    assert proof == DPoPProof(
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "e1j3V_bKic8-LAEB", 1562262678
    )


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "EdDSA", "PS256", "RS256"])
def test_proof_of_each_algorithm_is_accepted_where_it_is_allowed(algorithm: str) -> None:
    """By default the two that FAPI allows with them, ES256 and PS256."""
    key = DPoPKey(algorithm, clock=lambda: NOW)
    proof = key.proof(TOKEN, "GET", URL)
    verified = verify_proof((proof.encode(),), REQUEST, ProofRules.of([algorithm]), NOW)
    assert thumbprints_match(verified.thumbprint, key.cnf["jkt"])
    allowed = algorithm in {"ES256", "PS256"}
    assert fault(proof) == (None if allowed else Reason.PROOF_ALGORITHM_NOT_ALLOWED)


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param(dict(reversed(KEY.jwk.items())), id="another order"),
        pytest.param({**KEY.jwk, "kid": "k", "use": "sig", "x5t": "AA"}, id="more members"),
    ],
)
def test_only_the_required_members_of_the_key_make_its_thumbprint(jwk: dict[str, str]) -> None:
    """A client may write its key as it likes."""
    proof = KEY.proof(TOKEN, "GET", URL, header={"jwk": jwk})
    assert verify_proof((proof.encode(),), REQUEST, RULES, NOW).thumbprint == KEY.thumbprint


@pytest.mark.parametrize(
    ("htu", "accepted"),
    [
        (URL, True),
        (f"{URL}?b=2", True),
        (f"{URL}#x", True),
        ("HTTPS://API.example.com:443/r", True),
        ("https://api.example.com/%72", True),
        ("https://api.example.com/x/../r", True),
        ("https://api.example.com/R", False),
        ("https://api.example.com/r/", False),
        ("https://api.example.com/r2", False),
        ("https://other.example.com/r", False),
        ("https://api.example.com:8443/r", False),
        ("http://api.example.com/r", False),
        ("http://10.0.0.5:8000/r", False),
        ("/r", False),
        ("", False),
    ],
)
def test_target_of_a_proof_is_compared_in_normal_form(htu: str, accepted: bool) -> None:
    """Without query and fragment (RFC 9449 §4.3 (9))."""
    assert changed(htu=htu) == (None if accepted else Reason.WRONG_PROOF_URI)


@pytest.mark.parametrize("method", ["POST", "get", "GET ", ""])
def test_method_of_a_proof_is_compared_exactly(method: str) -> None:
    """RFC 9449 §4.3 (8)."""
    assert changed(htm=method) is Reason.WRONG_PROOF_METHOD


# ── attacks ──────────────────────────────────────────────────────────────────────────────────

FAULTS = {
    "no proof": Reason.MISSING_PROOF,
    "no JWT": Reason.MALFORMED_PROOF,
    "encrypted": Reason.MALFORMED_PROOF,
    "two in one field": Reason.MALFORMED_PROOF,
    "too large": Reason.PROOF_TOO_LONG,
    "doubled member": Reason.MALFORMED_PROOF,
    "critical extension": Reason.MALFORMED_PROOF,
    "no type": Reason.WRONG_PROOF_TYPE,
    "another type": Reason.WRONG_PROOF_TYPE,
    "no algorithm": Reason.MALFORMED_PROOF,
    "unsigned": Reason.MALFORMED_PROOF,
    "unknown algorithm": Reason.PROOF_ALGORITHM_NOT_ALLOWED,
    "public key as secret": Reason.PROOF_ALGORITHM_NOT_ALLOWED,
    "no key": Reason.UNUSABLE_PROOF_KEY,
    "private key": Reason.PRIVATE_PROOF_KEY,
    "null private member": Reason.PRIVATE_PROOF_KEY,
    "private RSA member": Reason.PRIVATE_PROOF_KEY,
    "symmetric key": Reason.PRIVATE_PROOF_KEY,
    "key of another type": Reason.UNUSABLE_PROOF_KEY,
    "changed signature": Reason.BAD_PROOF_SIGNATURE,
    "signed by another key": Reason.BAD_PROOF_SIGNATURE,
    "no jti": Reason.MISSING_PROOF_CLAIM,
    "no htm": Reason.MISSING_PROOF_CLAIM,
    "no htu": Reason.MISSING_PROOF_CLAIM,
    "no iat": Reason.MISSING_PROOF_CLAIM,
    "no ath": Reason.MISSING_PROOF_CLAIM,
    "empty jti": Reason.MALFORMED_PROOF_CLAIM,
    "long jti": Reason.MALFORMED_PROOF_CLAIM,
    "another method": Reason.WRONG_PROOF_METHOD,
    "another host": Reason.WRONG_PROOF_URI,
    "another path": Reason.WRONG_PROOF_URI,
    "another token": Reason.WRONG_TOKEN_HASH,
    "too old": Reason.PROOF_TOO_OLD,
    "from the future": Reason.PROOF_ISSUED_IN_FUTURE,
    "boolean iat": Reason.MALFORMED_PROOF_CLAIM,
}


@pytest.mark.parametrize("name", [name for name in DPOP_ATTACKS if name != "another key"])
def test_attack_is_rejected_for_its_reason(name: str) -> None:
    """Each variant of the kit meets the check that is there for it."""
    assert fault(KEY.attack(name, TOKEN, "GET", URL)) is FAULTS[name]


def test_sound_proof_by_another_key_has_another_thumbprint() -> None:
    """It is verified, and the comparison with the token's `cnf` refuses it."""
    proof = KEY.attack("another key", TOKEN, "GET", URL).encode()
    verified = verify_proof((proof,), REQUEST, RULES, NOW)
    assert not thumbprints_match(verified.thumbprint, KEY.cnf["jkt"])


@pytest.mark.parametrize("header", [{"b64": False}, {"b64": True}, {"crit": ["b64"]}])
def test_proof_whose_payload_may_be_unencoded_is_malformed(header: dict[str, Any]) -> None:
    """Also without `crit`, which RFC 7797 §6 requires beside `b64`."""
    assert fault(KEY.proof(TOKEN, "GET", URL, header=header)) is Reason.MALFORMED_PROOF


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"])
@pytest.mark.parametrize("value", ["AA", None], ids=["text", "null"])
def test_key_with_a_private_member_is_refused(member: str, value: str | None) -> None:
    """Its presence is what counts (RFC 9449 §4.3 (7))."""
    proof = KEY.proof(TOKEN, "GET", URL, header={"jwk": {**KEY.jwk, member: value}})
    assert fault(proof) is Reason.PRIVATE_PROOF_KEY


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param("text", id="text"),
        pytest.param([], id="list"),
        pytest.param({}, id="empty"),
        pytest.param({"kty": ["EC"]}, id="type is a list"),
        pytest.param({**KEY.jwk, "y": "AA"}, id="short coordinate"),
        pytest.param({**KEY.jwk, "use": "enc"}, id="for encryption"),
        pytest.param({**KEY.jwk, "alg": "ES384"}, id="for another algorithm"),
        pytest.param({**KEY.jwk, "crv": "secp256k1"}, id="unknown curve"),
    ],
)
def test_unusable_key_is_refused(jwk: object) -> None:
    """One that is malformed, not for signatures, or of an unknown type."""
    proof = KEY.proof(TOKEN, "GET", URL, header={"jwk": jwk})
    assert fault(proof) is Reason.UNUSABLE_PROOF_KEY


def test_key_of_another_type_than_the_algorithm_verifies_nothing() -> None:
    """ES256 with an RSA key (RFC 9449 §11.6)."""
    rsa = DPoPKey("PS256", clock=lambda: NOW)
    proof = rsa.proof(TOKEN, "GET", URL, header={"alg": "ES256"})
    assert fault(proof) is Reason.BAD_PROOF_SIGNATURE


@pytest.mark.parametrize("name", ["jti", "htm", "htu", "iat", "ath"])
@pytest.mark.parametrize("value", [[], {}, False, "", 0], ids=json.dumps)
def test_claim_of_another_type_is_malformed(name: str, value: object) -> None:
    """A claim of its own type, but with another value, is refused by its own check."""
    kind = (int, float) if name == "iat" else str
    outcome = changed(**{name: value})
    if isinstance(value, kind) and value is not False and name != "jti":
        assert outcome not in {None, Reason.MALFORMED_PROOF_CLAIM}
    else:
        assert outcome is Reason.MALFORMED_PROOF_CLAIM


@pytest.mark.parametrize("length", [1, 512, 513])
def test_jti_is_bounded(length: int) -> None:
    """512 characters are the longest."""
    expected = None if length <= 512 else Reason.MALFORMED_PROOF_CLAIM
    assert changed(jti="x" * length) is expected


def test_proof_is_bounded() -> None:
    """8 KiB are the longest, and nothing of a longer one is read."""
    proof = KEY.proof(TOKEN, "GET", URL, a="")
    longest = KEY.proof(TOKEN, "GET", URL, a="x" * ((MAX_PROOF_BYTES - len(proof)) * 3 // 4 - 8))
    assert MAX_PROOF_BYTES - 32 < len(longest) <= MAX_PROOF_BYTES
    assert fault(longest) is None
    assert fault(b"." * MAX_PROOF_BYTES) is Reason.MALFORMED_PROOF
    assert fault(b"." * (MAX_PROOF_BYTES + 1)) is Reason.PROOF_TOO_LONG


@pytest.mark.parametrize("proof", [None, b"", ".", "..", "a.b.c", "p p", "e30.e30.", "é.é.é"])
def test_field_that_is_no_jwt_is_refused(proof: str | bytes | None) -> None:
    """One well-formed JWT or nothing (RFC 9449 §4.3 (2))."""
    assert fault(proof) is (Reason.MALFORMED_PROOF if proof else Reason.MISSING_PROOF)


@BOUNDED
@given(st.integers(0, 10**9), st.integers(1, 255))
def test_proof_with_one_changed_byte_is_refused(position: int, change: int) -> None:
    """Wherever it is."""
    proof = bytearray(KEY.proof(TOKEN, "GET", URL).encode())
    proof[position % len(proof)] ^= change
    assert fault(bytes(proof)) is not None


@BOUNDED
@given(st.binary(max_size=64))
def test_bytes_made_up_are_refused_for_a_fixed_reason(proof: bytes) -> None:
    """No other error is raised, and no text of the proof is in the reason."""
    assert fault(proof) in {Reason.MISSING_PROOF, Reason.MALFORMED_PROOF}


def test_no_repr_shows_a_value() -> None:
    """The token and the identifiers stay out of logs."""
    proof = verify_proof((KEY.proof(TOKEN, "GET", URL).encode(),), REQUEST, RULES, NOW)
    assert repr(proof) == "<DPoPProof>"
    assert repr(REQUEST) == "<ProvenRequest: GET>"


# ── time ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rules", "seconds", "expected"),
    [
        (RULES, -61, Reason.PROOF_TOO_OLD),
        (RULES, -60, None),
        (RULES, 10, None),
        (RULES, 10.5, Reason.PROOF_ISSUED_IN_FUTURE),
        (RULES, 11, Reason.PROOF_ISSUED_IN_FUTURE),
        (RULES, -1e90, Reason.PROOF_TOO_OLD),
        (RULES, 10**90, Reason.PROOF_ISSUED_IN_FUTURE),
        (ProofRules.of(max_age=300, future_tolerance=300), -300, None),
        (ProofRules.of(max_age=300, future_tolerance=300), 300, None),
        (ProofRules.of(max_age=300, future_tolerance=300), -301, Reason.PROOF_TOO_OLD),
        (ProofRules.of(max_age=300, future_tolerance=300), 301, Reason.PROOF_ISSUED_IN_FUTURE),
    ],
)
def test_proof_is_accepted_for_a_short_time(
    rules: ProofRules, seconds: float, expected: Reason | None
) -> None:
    """From 60 seconds ago to 10 seconds ahead by default."""
    proof = KEY.proof(TOKEN, "GET", URL, iat=NOW + seconds)
    assert fault(proof, rules=rules) is expected


@BOUNDED
@given(st.floats(-60, 10), st.floats(0, 200))
def test_proof_is_not_accepted_after_its_expiry(age: float, later: float) -> None:
    """A replay entry that lives until then lives as long as the proof."""
    proof = KEY.proof(TOKEN, "GET", URL, iat=NOW + age).encode()
    expires_at = verify_proof((proof,), REQUEST, RULES, NOW).expires_at
    accepted = fault(proof, now=NOW + later) is None
    assert accepted is (NOW + later - 60 <= NOW + age)
    assert not accepted or NOW + later <= expires_at + 1e-6


@pytest.mark.parametrize("iat", [0, NOW - 3600, NOW, NOW + 3600, 10**90])
def test_nonce_takes_the_place_of_the_time_of_the_client(iat: float) -> None:
    """A wrong clock at the client does no harm (RFC 9449 §4.3 (11))."""
    proof = KEY.proof(TOKEN, "GET", URL, iat=iat, nonce=NONCES.issue(NOW))
    assert fault(proof, rules=WITH_NONCES) is None


@pytest.mark.parametrize(
    "nonce",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("made-up", id="made up"),
        pytest.param(1, id="no string"),
        pytest.param(NONCES.issue(NOW - 120), id="ended"),
        pytest.param(NONCES.issue(NOW + 60), id="not issued yet"),
        pytest.param(Nonces(b"o" * 32).issue(NOW), id="of another key"),
    ],
)
def test_proof_without_a_valid_nonce_is_refused(nonce: object) -> None:
    """However fresh its `iat` is: no client can go back to proofs without (RFC 9449 §11.3)."""
    proof = KEY.proof(TOKEN, "GET", URL, nonce=nonce)
    assert fault(proof, rules=WITH_NONCES) is Reason.WRONG_NONCE


@pytest.mark.parametrize(
    ("issued", "iat", "expected"),
    [
        pytest.param(NOW, NOW, (False, NOW + 120), id="current nonce"),
        pytest.param(NOW - 60, NOW, (True, NOW + 60), id="previous nonce, as long as the proof"),
        pytest.param(NOW - 60, NOW + 5, (True, NOW + 65), id="previous nonce, newer proof"),
        pytest.param(NOW - 60, NOW + 9999, (True, NOW + 70), id="proof from the far future"),
        pytest.param(NOW - 60, 0, (True, NOW + 60), id="proof from the past"),
    ],
)
def test_entry_lives_until_proof_and_nonce_are_over(
    issued: float, iat: float, expected: tuple[bool, float]
) -> None:
    """The previous nonce is accepted, and a new one is due then."""
    proof = KEY.proof(TOKEN, "GET", URL, iat=iat, nonce=NONCES.issue(issued)).encode()
    verified = verify_proof((proof,), REQUEST, WITH_NONCES, NOW)
    assert (verified.next_nonce is not None, verified.expires_at) == expected


def test_nonce_is_ignored_where_none_is_configured() -> None:
    """The `iat` counts then, whatever nonce a client got elsewhere."""
    nonce = NONCES.issue(NOW)
    assert changed(nonce=nonce) is None
    assert changed(nonce=nonce, iat=NOW - 61) is Reason.PROOF_TOO_OLD


# ── the field and the settings ───────────────────────────────────────────────────────────────


def test_several_proofs_are_rejected() -> None:
    """Equal ones too (RFC 9449 §4.3 (1)); white space around one does not matter."""
    proof = KEY.proof(TOKEN, "GET", URL).encode()
    verify_proof((b" " + proof + b"\t",), REQUEST, RULES, NOW)
    with pytest.raises(InvalidDPoPProof) as caught:
        verify_proof((proof, proof), REQUEST, RULES, NOW)
    assert caught.value.reason is Reason.SEVERAL_PROOFS


def test_rejection_for_a_nonce_contains_the_current_nonce() -> None:
    """The client can try again with it."""
    with pytest.raises(UseDPoPNonce) as caught:
        verify_proof((KEY.proof(TOKEN, "GET", URL).encode(),), REQUEST, WITH_NONCES, NOW)
    assert caught.value.nonce == NONCES.issue(NOW)


def test_rules_of_an_operator_are_kept() -> None:
    """One algorithm may be written as a string."""
    assert ProofRules.of() == ProofRules(("ES256", "PS256"), 60, 10, None)
    assert ProofRules.of("EdDSA", nonces=NONCES) == ProofRules(("EdDSA",), nonces=NONCES)


@pytest.mark.parametrize("algorithms", [[], "", ["none"], ["HS256"], ["ES256", "HS512"], ["XX"]])
def test_algorithm_that_is_not_asymmetric_is_refused(algorithms: list[str]) -> None:
    """At start, with the list of those that are."""
    with pytest.raises(ConfigurationError, match="ES256"):
        ProofRules.of(algorithms)


@pytest.mark.parametrize("window", [{"max_age": 0}, {"max_age": 301}, {"future_tolerance": -1}])
def test_window_over_five_minutes_is_refused(window: dict[str, Any]) -> None:
    """At start."""
    with pytest.raises(ConfigurationError, match="300"):
        ProofRules.of(**window)


def test_window_in_the_future_is_bounded_too() -> None:
    """Five minutes, as for the past."""
    with pytest.raises(ConfigurationError, match="300"):
        ProofRules.of(future_tolerance=301)
