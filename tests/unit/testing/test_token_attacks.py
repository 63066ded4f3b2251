"""TOKEN_ATTACKS: each differs from a good token, for every algorithm of the issuer."""

import pytest

from oauth_guard.testing import LocalIssuer, SigningKey
from oauth_guard.testing.attack import Target
from oauth_guard.testing.token_attacks import TOKEN_ATTACKS


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
@pytest.mark.parametrize("name", TOKEN_ATTACKS)
def test_attack_is_one_header_with_a_token(name: str, algorithm: str) -> None:
    """The issuer has not issued it, so its introspection endpoint does not know it."""
    issuer = LocalIssuer(key=SigningKey("k1", algorithm))
    _, build = TOKEN_ATTACKS[name]
    (header,) = build(issuer, Target())["headers"]
    assert header[0] == "Authorization"
    assert header[1].startswith("Bearer ")
    assert header[1].removeprefix("Bearer ") not in issuer.introspection.responses
