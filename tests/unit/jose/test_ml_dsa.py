"""ML-DSA: signatures of each parameter set verify, with keys that name that algorithm alone."""

from typing import Any

import pytest

from oauth_guard import Guard, JWTIssuer
from oauth_guard.jose.algorithms import ASYMMETRIC
from oauth_guard.jose.jwk import import_key
from oauth_guard.jose.jws import parse_jws
from oauth_guard.jose.ml_dsa import ML_DSA, load_ml_dsa
from oauth_guard.jose.thumbprint import jwk_thumbprint
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer, SigningKey

pytestmark = pytest.mark.skipif(not ML_DSA, reason="cryptography lacks ML-DSA")

NAMES = ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"]


@pytest.mark.parametrize("name", NAMES)
async def test_guard_accepts_a_token_that_is_signed_with_it(name: str) -> None:
    """Its token of up to 7 KB fits the bounds."""
    local = LocalIssuer(key=SigningKey("a", name))
    guard = Guard(local.audience, [JWTIssuer(local.issuer, http=local.http)])
    fields = [(n.lower().encode(), v.encode()) for n, v in local.headers("read").items()]
    identity = await guard.authenticate(ResourceRequest({"headers": fields}))
    assert identity.scopes == {"read"}
    assert name in ASYMMETRIC


@pytest.mark.parametrize("name", NAMES)
def test_changed_signature_is_rejected(name: str) -> None:
    """So is one of another length."""
    signing = SigningKey("a", name)
    key, token = import_key(signing.jwk), signing.sign(b"{}", {})
    assert key.verifies(parse_jws(token))
    head, _, signature = token.rpartition(".")
    other = "B" if signature[0] == "A" else "A"
    assert not key.verifies(parse_jws(f"{head}.{other}{signature[1:]}"))
    assert not key.verifies(parse_jws(f"{head}.{'A' * 400}"))


_JWK = SigningKey("a", "ML-DSA-44").jwk if ML_DSA else {}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"alg": "ML-DSA-65"}, "1952 bytes"),
        ({"alg": "ES256"}, "unknown"),
        ({"alg": None}, "unknown"),
        ({"alg": ["ML-DSA-44"]}, "unknown"),
        ({"pub": "AA"}, "1312 bytes"),
        ({"pub": None}, "missing"),
        ({"priv": "AA"}, "private"),
        ({"priv": None}, "private"),
        ({"kty": "OKP"}, "unknown"),
        ({"use": "enc"}, "signatures"),
    ],
)
def test_key_that_does_not_fit_its_algorithm_is_rejected(
    changes: dict[str, Any], reason: str
) -> None:
    """`alg` is required in such a key, and it is the only algorithm (RFC 9964 §3)."""
    with pytest.raises(ValueError, match=reason):
        import_key({**_JWK, **changes})


def test_key_verifies_with_its_own_algorithm_only() -> None:
    """A token of another algorithm is not accepted, whatever its header says."""
    key = import_key(_JWK)
    assert key.algorithms == {"ML-DSA-44"}
    assert not key.verifies(parse_jws(SigningKey("a", "ML-DSA-65").sign(b"{}", {})))
    assert jwk_thumbprint(_JWK) != jwk_thumbprint({**_JWK, "alg": "ML-DSA-65"})


def test_library_without_ml_dsa_has_no_such_algorithms() -> None:
    """They are found by use, not by version."""
    assert load_ml_dsa("cryptography.no_such_module") == {}
