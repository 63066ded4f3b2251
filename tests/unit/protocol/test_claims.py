"""The rules of an issuer check headers and claims, and can't be configured to accept too much."""

from collections.abc import Callable
from typing import Any

import pytest

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.algorithms import ASYMMETRIC
from oauth_guard.jose.jws import JWSHeader
from oauth_guard.protocol.claims import RFC9068_CLAIMS, ClaimRules
from tests.unit.jose.forging import CLAIMS

_ISSUER = "https://as.example.com"
_RESOURCE = "https://api.example.com"
_RULES = ClaimRules(_ISSUER, leeway=0)


def _outcome(check: Callable[[], None]) -> Reason | None:
    try:
        check()
    except InvalidToken as error:
        return error.reason
    return None


def test_default_rules_are_those_of_rfc_9068_with_asymmetric_algorithms() -> None:
    """One type, seven required claims, and no algorithm with a shared secret."""
    assert _RULES.types == ("at+jwt",)
    assert _RULES.required_claims == {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"}
    assert _RULES.algorithms == ASYMMETRIC
    assert not [name for name in ASYMMETRIC if name.startswith(("HS", "none"))]


@pytest.mark.parametrize(
    ("typ", "alg", "reason"),
    [
        pytest.param("at+jwt", "ES256", None, id="at+jwt"),
        pytest.param("application/at+jwt", "ES256", None, id="the full media type"),
        pytest.param("Application/AT+JWT", "ES256", None, id="in another case"),
        pytest.param(None, "ES256", Reason.WRONG_TYPE, id="no type"),
        pytest.param("", "ES256", Reason.WRONG_TYPE, id="an empty type"),
        pytest.param("JWT", "ES256", Reason.WRONG_TYPE, id="JWT"),
        pytest.param("at+jwtx", "ES256", Reason.WRONG_TYPE, id="a longer value"),
        pytest.param(" at+jwt", "ES256", Reason.WRONG_TYPE, id="a space first"),
        pytest.param("at+jwt;a=b", "ES256", Reason.WRONG_TYPE, id="a parameter"),
        pytest.param("text/at+jwt", "ES256", Reason.WRONG_TYPE, id="another top-level type"),
        pytest.param(
            "application/application/at+jwt", "ES256", Reason.WRONG_TYPE, id="the prefix twice"
        ),
        pytest.param("dpop+jwt", "ES256", Reason.WRONG_TYPE, id="a DPoP proof"),
        pytest.param("logout+jwt", "ES256", Reason.WRONG_TYPE, id="a logout token"),
        pytest.param("secevent+jwt", "ES256", Reason.WRONG_TYPE, id="a security event"),
        pytest.param("statuslist+jwt", "ES256", Reason.WRONG_TYPE, id="a status list"),
        pytest.param(
            "token-introspection+jwt", "ES256", Reason.WRONG_TYPE, id="an introspection response"
        ),
        pytest.param("at+jwt", "none", Reason.ALGORITHM_NOT_ALLOWED, id="none"),
        pytest.param("at+jwt", "nOnE", Reason.ALGORITHM_NOT_ALLOWED, id="none in mixed case"),
        pytest.param("at+jwt", "HS256", Reason.ALGORITHM_NOT_ALLOWED, id="HS256"),
        pytest.param("at+jwt", "es256", Reason.ALGORITHM_NOT_ALLOWED, id="lower case"),
        pytest.param("at+jwt", "ES256 ", Reason.ALGORITHM_NOT_ALLOWED, id="a space at the end"),
        pytest.param("at+jwt", "", Reason.ALGORITHM_NOT_ALLOWED, id="an empty algorithm"),
    ],
)
def test_header_is_accepted_only_with_an_accepted_type_and_algorithm(
    typ: str | None, alg: str, reason: Reason | None
) -> None:
    """By default `at+jwt` and the asymmetric algorithms are accepted."""
    assert _outcome(lambda: _RULES.check_header(JWSHeader(alg, typ, None))) is reason


@pytest.mark.parametrize(
    ("typ", "reason"),
    [
        pytest.param(None, None, id="no type"),
        pytest.param("JWT", None, id="the accepted type"),
        pytest.param("", Reason.WRONG_TYPE, id="an empty type"),
        pytest.param("at+jwt", Reason.WRONG_TYPE, id="another type"),
    ],
)
def test_header_without_typ_is_accepted_if_types_contains_none(
    typ: str | None, reason: Reason | None
) -> None:
    """A `typ` that is present must still be an accepted one."""
    rules = ClaimRules.of(_ISSUER, types=["JWT", None])
    assert _outcome(lambda: rules.check_header(JWSHeader("ES256", typ, None))) is reason


def test_supported_algorithm_that_is_not_configured_is_rejected() -> None:
    """The reason is that of an unsupported algorithm."""
    rules = ClaimRules(_ISSUER, algorithms=frozenset({"ES256"}))
    header = JWSHeader("PS384", "at+jwt", None)
    assert _outcome(lambda: rules.check_header(header)) is Reason.ALGORITHM_NOT_ALLOWED


@pytest.mark.parametrize("name", RFC9068_CLAIMS)
def test_token_without_a_required_claim_is_rejected(name: str) -> None:
    """With no required claims, empty claims are accepted."""
    claims = {key: value for key, value in CLAIMS.items() if key != name}
    assert _outcome(lambda: _RULES.check_presence(claims)) is Reason.MISSING_CLAIM
    assert (
        _outcome(lambda: ClaimRules(_ISSUER, required_claims=frozenset()).check_presence({}))
        is None
    )


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        pytest.param({}, None, id="access token"),
        pytest.param(
            {"nonce": "n", "token_use": "access", "typ": "Bearer"}, None, id="other values"
        ),
        pytest.param({"at_hash": "x"}, Reason.WRONG_TYPE, id="at_hash"),
        pytest.param({"c_hash": None}, Reason.WRONG_TYPE, id="c_hash"),
        pytest.param({"token_use": "id"}, Reason.WRONG_TYPE, id="Cognito"),
        pytest.param({"typ": "ID"}, Reason.WRONG_TYPE, id="Keycloak"),
    ],
)
def test_token_with_a_claim_of_id_tokens_is_rejected(
    more: dict[str, Any], reason: Reason | None
) -> None:
    """An ID token is for a client, not for a resource (RFC 8725 §3.12)."""
    assert _outcome(lambda: _RULES.check_presence({**CLAIMS, **more})) is reason


@pytest.mark.parametrize(
    ("audience", "configured", "passes"),
    [
        pytest.param([_RESOURCE], (), True, id="the resource"),
        pytest.param(["https://x", _RESOURCE], (), True, id="with another"),
        pytest.param([], (), False, id="no audience"),
        pytest.param([""], (), False, id="an empty name"),
        pytest.param(["https://x"], (), False, id="another resource"),
        pytest.param([_RESOURCE + "/"], (), False, id="a slash appended"),
        pytest.param([_RESOURCE[:-1]], (), False, id="a prefix"),
        pytest.param([_RESOURCE + ".evil.test"], (), False, id="a longer host"),
        pytest.param(["https://API.example.com"], (), False, id="another case"),
        pytest.param(["a"], ("a", "b"), True, id="the first configured"),
        pytest.param(["b"], ("a", "b"), True, id="the second configured"),
        pytest.param([_RESOURCE], ("a", "b"), False, id="the resource, others configured"),
    ],
)
def test_token_is_accepted_only_if_one_audience_is_accepted(
    audience: list[str], configured: tuple[str, ...], passes: bool
) -> None:
    """Audiences are compared code point by code point."""
    rules = ClaimRules(_ISSUER, audience=configured)
    reason = None if passes else Reason.WRONG_AUDIENCE
    assert _outcome(lambda: rules.check_audience(audience, _RESOURCE)) is reason


@pytest.mark.parametrize(
    ("audience", "passes"),
    [
        pytest.param([_RESOURCE], True, id="the resource"),
        pytest.param([_RESOURCE, _RESOURCE], True, id="the resource twice"),
        pytest.param([_RESOURCE, "https://x"], False, id="another second"),
        pytest.param(["https://x", _RESOURCE], False, id="another first"),
        pytest.param([_RESOURCE, ""], False, id="an empty name second"),
        pytest.param([], False, id="no audience"),
    ],
)
def test_token_with_a_second_audience_is_rejected_by_single_audience(
    audience: list[str], passes: bool
) -> None:
    """Another resource would accept such a token too (RFC 8707 §2.2)."""
    rules = ClaimRules.of(_ISSUER, single_audience=True)
    reason = None if passes else Reason.WRONG_AUDIENCE
    assert _outcome(lambda: rules.check_audience(audience, _RESOURCE)) is reason


@pytest.mark.parametrize(
    ("clients", "client", "passes"),
    [
        pytest.param((), "c9", True, id="any client"),
        pytest.param((), None, True, id="no client, none configured"),
        pytest.param(("c1", "c2"), "c2", True, id="one of two clients"),
        pytest.param(("c1", "c2"), "c3", False, id="another client"),
        pytest.param(("c1", "c2"), "C1", False, id="another case"),
        pytest.param(("c1", "c2"), None, False, id="no client"),
    ],
)
def test_token_of_another_client_is_rejected_if_clients_are_configured(
    clients: tuple[str, ...], client: str | None, passes: bool
) -> None:
    """By default the tokens of every client are accepted."""
    rules = ClaimRules(_ISSUER, clients=frozenset(clients))
    reason = None if passes else Reason.WRONG_CLIENT
    assert _outcome(lambda: rules.check_client(client)) is reason


def test_token_without_audience_is_accepted_by_audience_optional() -> None:
    """An audience that is present must still be an accepted one."""
    rules = ClaimRules.of(_ISSUER, clients=["c1"], audience_optional=True)
    assert _outcome(lambda: rules.check_audience([], _RESOURCE)) is None
    reason = _outcome(lambda: rules.check_audience(["https://x"], _RESOURCE))
    assert reason is Reason.WRONG_AUDIENCE


@pytest.mark.parametrize(
    ("settings", "parsed"),
    [
        pytest.param({}, {}, id="no settings"),
        pytest.param({"types": ["application/JWT"]}, {"types": ("jwt",)}, id="a type"),
        pytest.param(
            {"algorithms": ["HS512"]},
            {"algorithms": frozenset({"HS512"})},
            id="an algorithm for a secret",
        ),
        pytest.param({"audience": "api"}, {"audience": ("api",)}, id="one audience"),
        pytest.param({"required_claims": []}, {"required_claims": frozenset()}, id="no claims"),
        pytest.param({"scope_claims": iter(["scp"])}, {"scope_claims": ("scp",)}, id="an iterator"),
        pytest.param({"clients": ["c1"]}, {"clients": frozenset({"c1"})}, id="clients"),
        pytest.param(
            {"role_claims": ["a", ("b", "c")]}, {"role_claims": ("a", ("b", "c"))}, id="paths"
        ),
        pytest.param({"group_claims": []}, {"group_claims": ()}, id="no groups"),
    ],
)
def test_settings_are_parsed_to_rules(settings: dict[str, Any], parsed: dict[str, Any]) -> None:
    """Settings that are left out have the defaults of RFC 9068."""
    assert ClaimRules.of(_ISSUER, **settings) == ClaimRules(_ISSUER, **parsed)
