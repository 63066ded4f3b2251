"""A JWK thumbprint covers the required members alone, and is compared as a whole."""

import pytest

from oauth_guard.jose.thumbprint import encode_sha256, jwk_thumbprint, thumbprints_match
from tests.unit.jose.forging import key_for

# RFC 9449 §4.1 and §6.1: the key of the example proofs, and its thumbprint.
EXAMPLE_KEY = {
    "kty": "EC",
    "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    "crv": "P-256",
}
EXAMPLE_THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
# RFC 8037 appendix A.3.
EDWARDS_KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
EDWARDS_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"  # RFC 9449 §7.1


@pytest.mark.parametrize(
    ("jwk", "thumbprint"),
    [
        pytest.param(EXAMPLE_KEY, EXAMPLE_THUMBPRINT, id="EC"),
        pytest.param(EDWARDS_KEY, EDWARDS_THUMBPRINT, id="OKP"),
        pytest.param(
            dict(reversed(EXAMPLE_KEY.items())), EXAMPLE_THUMBPRINT, id="EC, another order"
        ),
        pytest.param(
            {**EXAMPLE_KEY, "kid": "k1", "use": "sig", "alg": "ES256", "n": 1},
            EXAMPLE_THUMBPRINT,
            id="EC, more members",
        ),
    ],
)
def test_thumbprint_of_a_published_key(jwk: dict[str, object], thumbprint: str) -> None:
    """The values are those of the standards."""
    assert jwk_thumbprint(jwk) == thumbprint


def test_rsa_thumbprint_covers_exponent_and_modulus() -> None:
    """RFC 7638 §3.2 lists both, sorted."""
    jwk = key_for("RS256").jwk
    canonical = f'{{"e":"{jwk["e"]}","kty":"RSA","n":"{jwk["n"]}"}}'
    assert jwk_thumbprint(jwk) == encode_sha256(canonical.encode())


def test_akp_thumbprint_covers_the_algorithm() -> None:
    """RFC 9964 makes `alg` a required member of this type."""
    first, second = ({"kty": "AKP", "alg": f"ML-DSA-{n}", "pub": "AA"} for n in (44, 65))
    assert jwk_thumbprint(first) == encode_sha256(b'{"alg":"ML-DSA-44","kty":"AKP","pub":"AA"}')
    assert jwk_thumbprint(first) != jwk_thumbprint(second)


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param({}, id="empty"),
        pytest.param({"kty": "oct", "k": "AA"}, id="symmetric"),
        pytest.param({"kty": ["EC"]}, id="type is a list"),
        pytest.param({**EXAMPLE_KEY, "y": None}, id="member is null"),
        pytest.param({name: EXAMPLE_KEY[name] for name in ("kty", "x", "crv")}, id="no y"),
    ],
)
def test_thumbprint_of_an_incomplete_key_is_rejected(jwk: dict[str, object]) -> None:
    """There is no thumbprint of part of a key."""
    with pytest.raises(ValueError, match="key"):
        jwk_thumbprint(jwk)


def test_hash_of_the_example_token() -> None:
    """The `ath` of RFC 9449 §7.1."""
    assert encode_sha256(TOKEN.encode()) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


@pytest.mark.parametrize(
    ("claimed", "expected"),
    [
        (EXAMPLE_THUMBPRINT, True),
        (EDWARDS_THUMBPRINT, False),
        (EXAMPLE_THUMBPRINT[:-1], False),
        (EXAMPLE_THUMBPRINT + "=", False),
        (EXAMPLE_THUMBPRINT.lower(), False),
        ("", False),
        ("é", False),
        (None, False),
        ([EXAMPLE_THUMBPRINT], False),
    ],
)
def test_thumbprints_match_as_whole_strings(claimed: object, expected: bool) -> None:
    """A claim of another type matches nothing."""
    assert thumbprints_match(EXAMPLE_THUMBPRINT, claimed) is expected
