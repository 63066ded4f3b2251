"""check_binding accepts a token only if every key that it is bound to was proven."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import ConfigurationError, InvalidToken, Reason
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.binding import (
    Binding,
    ProvenKeys,
    check_binding,
    check_binding_setting,
    confirmation_of,
    is_bound,
)
from oauth_guard.protocol.claims import ClaimRules
from tests.unit.jose.forging import CLAIMS
from tests.unit.protocol.properties import BOUNDED

KEY, CERTIFICATE = "k" * 43, "c" * 43
PROOF, MTLS = ProvenKeys(proof=KEY), ProvenKeys(certificate=CERTIFICATE)
BOTH = ProvenKeys(KEY, CERTIFICATE)
NOTHING = ProvenKeys()
JKT, X5T = {"jkt": KEY}, {"x5t#S256": CERTIFICATE}


def _claims(**claims: Any) -> Any:
    rules = ClaimRules("https://as.example.com")
    return AccessToken.from_claims({**CLAIMS, **claims}, rules).claims


def violation(
    claims: Mapping[str, Any], proven: ProvenKeys = NOTHING, required: Binding | None = None
) -> Reason | None:
    """Return why a token with these claims is rejected; None if it is accepted."""
    try:
        check_binding(confirmation_of(_claims(**claims)), proven, required)
    except InvalidToken as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    ("cnf", "proven", "reason"),
    [
        pytest.param(JKT, PROOF, None, id="proof"),
        pytest.param(JKT, BOTH, None, id="proof and a certificate"),
        pytest.param(X5T, MTLS, None, id="certificate"),
        pytest.param({**JKT, **X5T}, BOTH, None, id="both"),
        pytest.param(JKT, NOTHING, Reason.BOUND_TOKEN, id="no proof"),
        pytest.param(JKT, MTLS, Reason.BOUND_TOKEN, id="certificate in place of a proof"),
        pytest.param(X5T, NOTHING, Reason.BOUND_TOKEN, id="no certificate"),
        pytest.param(X5T, PROOF, Reason.UNBOUND_TOKEN, id="proof in place of a certificate"),
        pytest.param({**JKT, **X5T}, PROOF, Reason.BOUND_TOKEN, id="both, one proven"),
        pytest.param({**JKT, **X5T}, MTLS, Reason.BOUND_TOKEN, id="both, the other proven"),
        pytest.param({"jkt": "x" * 43}, PROOF, Reason.WRONG_PROOF_KEY, id="another key"),
        pytest.param({"x5t#S256": "x"}, MTLS, Reason.WRONG_CERTIFICATE, id="another certificate"),
        pytest.param({"jkt": [KEY]}, PROOF, Reason.WRONG_PROOF_KEY, id="list"),
        pytest.param({"jkt": None}, PROOF, Reason.WRONG_PROOF_KEY, id="null"),
        pytest.param({**JKT, "new": 1}, BOTH, Reason.UNKNOWN_CONFIRMATION, id="unknown member"),
        pytest.param({"jwk": {}}, BOTH, Reason.UNKNOWN_CONFIRMATION, id="a key in the token"),
        pytest.param({}, BOTH, Reason.UNKNOWN_CONFIRMATION, id="empty"),
        pytest.param(None, BOTH, Reason.UNKNOWN_CONFIRMATION, id="null cnf"),
        pytest.param([], BOTH, Reason.UNKNOWN_CONFIRMATION, id="a list for cnf"),
        pytest.param("x", BOTH, Reason.UNKNOWN_CONFIRMATION, id="a text for cnf"),
        pytest.param(0, BOTH, Reason.UNKNOWN_CONFIRMATION, id="a number for cnf"),
    ],
)
def test_every_member_of_the_confirmation_must_be_proven(
    cnf: Any, proven: ProvenKeys, reason: Reason | None
) -> None:
    """An empty or unknown `cnf` can't be proven (RFC 7800 §3.1)."""
    assert violation({"cnf": cnf}, proven) is reason


@pytest.mark.parametrize("token_type", ["DPoP", "dpop", "DPOP"])
def test_token_of_type_dpop_needs_a_key_and_its_proof(token_type: str) -> None:
    """The type alone says that the token is bound (RFC 9449 §6.2)."""
    assert violation({"token_type": token_type}) is Reason.BOUND_TOKEN
    assert violation({"token_type": token_type}, PROOF) is Reason.BOUND_TOKEN
    assert violation({"token_type": token_type, "cnf": X5T}, MTLS) is Reason.BOUND_TOKEN
    assert violation({"token_type": token_type, "cnf": JKT}, PROOF) is None


@pytest.mark.parametrize(
    "claims", [{}, {"act": {"cnf": {"jkt": "x"}}}, {"token_type": "Bearer"}, {"token_type": 1}]
)
def test_bearer_token_is_accepted_without_a_proof_only(claims: dict[str, Any]) -> None:
    """A `cnf` inside another claim is no confirmation of this token."""
    assert violation(claims) is None
    assert violation(claims, MTLS) is None
    assert violation(claims, PROOF) is Reason.UNBOUND_TOKEN


@pytest.mark.parametrize(
    ("required", "cnf", "accepted"),
    [
        ("dpop", JKT, True),
        ("dpop", X5T, False),
        ("mtls", X5T, True),
        ("mtls", JKT, False),
        ("any", JKT, True),
        ("any", X5T, True),
        ("dpop", {**JKT, **X5T}, True),
    ],
)
def test_required_binding_is_checked(
    required: Binding, cnf: dict[str, str], accepted: bool
) -> None:
    """A bearer token satisfies none."""
    proven = ProvenKeys(KEY if "jkt" in cnf else None, CERTIFICATE)
    assert violation({"cnf": cnf}, proven, required) is (
        None if accepted else Reason.BINDING_REQUIRED
    )
    assert violation({}, NOTHING, required) is Reason.BINDING_REQUIRED
    assert is_bound({"cnf": cnf}, required) is accepted
    assert not is_bound({}, required)


def test_unknown_required_binding_is_refused() -> None:
    """The message lists the known ones."""
    check_binding_setting(None)
    with pytest.raises(ConfigurationError, match="one of dpop, mtls, any"):
        check_binding_setting("tls")


_THUMBPRINTS = st.sampled_from([KEY, CERTIFICATE, "x", "", None, 1, [KEY]])
_MEMBERS = st.dictionaries(
    st.sampled_from(["jkt", "x5t#S256", "jwk", "kid", "x5t#s256", ""]), _THUMBPRINTS, max_size=3
)
_PROVEN = st.builds(
    ProvenKeys, st.sampled_from([None, KEY, "x"]), st.sampled_from([None, CERTIFICATE, "x"])
)


@BOUNDED
@given(_MEMBERS | st.sampled_from([None, [], "x", 0, False]), _PROVEN, st.booleans())
def test_token_is_accepted_only_if_each_confirmation_is_proven(
    cnf: Any, proven: ProvenKeys, is_dpop: bool
) -> None:
    """For any `cnf` value, any proofs, and any type of the token."""
    claims = {"cnf": cnf, **({"token_type": "DPoP"} if is_dpop else {})}
    by_member = {"jkt": proven.proof, "x5t#S256": proven.certificate}
    sound = (
        isinstance(cnf, dict)
        and bool(cnf)
        and all(value == by_member.get(name, ...) for name, value in cnf.items())
        and all(isinstance(value, str) for value in cnf.values())
        and ("jkt" in cnf or (proven.proof is None and not is_dpop))
    )
    assert (violation(claims, proven) is None) is sound


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"cnf": {"jkt": "x"}}, {"cnf": {"jkt": "y"}}, id="another key"),
        pytest.param({"cnf": {"jkt": "x"}}, {}, id="no key"),
        pytest.param({"cnf": None}, {}, id="null and nothing"),
        pytest.param({"cnf": {"jkt": "x"}}, {"cnf": {"x5t#S256": "x"}}, id="another method"),
        pytest.param({"cnf": {}}, {"cnf": {}, "token_type": "DPoP"}, id="another type"),
    ],
)
def test_confirmations_of_two_bindings_differ(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    """So a token that was introspected is not bound to another key than before."""
    assert confirmation_of(_claims(**first)) != confirmation_of(_claims(**second))
    assert confirmation_of(_claims(**first)) == confirmation_of(_claims(**first))
