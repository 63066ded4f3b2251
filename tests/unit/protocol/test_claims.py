"""An issuer's rules say which tokens are believed, and can't be set to believe too much."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_guard.errors import ConfigurationError, InvalidToken, Reason
from oauth_guard.jose.algorithms import ASYMMETRIC
from oauth_guard.jose.jws import JWSHeader
from oauth_guard.protocol.claims import RFC9068_CLAIMS, ClaimRules
from tests.unit.jose.forging import CLAIMS
from tests.unit.protocol.properties import BOUNDED

_ISSUER = "https://as.example.com"
_RESOURCE = "https://api.example.com"
_RULES = ClaimRules(_ISSUER, leeway=0)
_NOW = 1_700_000_000


def _outcome(check: Callable[[], None]) -> Reason | None:
    try:
        check()
    except InvalidToken as refusal:
        return refusal.reason
    return None


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        pytest.param({"types": ()}, "types= is empty", id="no type"),
        pytest.param({"algorithms": ()}, "algorithms= is empty", id="no algorithm"),
        pytest.param({"client_claims": ()}, "client_claims= is empty", id="no client claim"),
        pytest.param({"scope_claims": ()}, "scope_claims= is empty", id="no scope claim"),
        pytest.param({"algorithms": ("none",)}, "not 'none'", id="none"),
        pytest.param({"algorithms": ("ES256", "HS256")}, "mixes HS algorithms", id="a mixture"),
        pytest.param({"algorithms": ("ES256K",)}, "not 'ES256K'", id="an unknown one"),
        pytest.param(
            {"issuer_name": "x"}, "issuer_name= is no setting; there are types,", id="new"
        ),
        pytest.param({"clients": "c1"}, r'clients= takes a list: clients=\["c1"\]', id="a string"),
        pytest.param({"clients": []}, "clients= is empty", id="no client"),
        pytest.param({"role_claims": "r"}, "role_claims= takes a list", id="a role claim"),
        pytest.param(
            {"audience_optional": True},
            "wants clients=, whose tokens",
            id="no audience, any client",
        ),
        pytest.param({"claims": 5}, "claims= takes values", id="claims of no kind"),
        pytest.param({"leeway": -1}, "from 0 to 300", id="leeway below 0"),
        pytest.param({"leeway": 301}, "from 0 to 300", id="leeway past 300"),
        pytest.param({"leeway": float("nan")}, "from 0 to 300", id="leeway that is no number"),
    ],
)
def test_rules_that_accept_nothing_or_too_much_are_refused(
    settings: dict[str, Any], told: str
) -> None:
    """A wrong setting fails when the rules are made, and the text names it."""
    with pytest.raises(ConfigurationError, match=told):
        ClaimRules.of(_ISSUER, **settings)


def test_the_default_is_rfc_9068_and_asymmetric() -> None:
    """Unless told otherwise: one type, seven claims, and no algorithm that shares a secret."""
    assert _RULES.types == ("at+jwt",)
    assert _RULES.required_claims == {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"}
    assert _RULES.algorithms == ASYMMETRIC
    assert not [name for name in ASYMMETRIC if name.startswith(("HS", "none"))]


@pytest.mark.parametrize(
    ("typ", "alg", "reason"),
    [
        pytest.param("at+jwt", "ES256", None, id="at+jwt"),
        pytest.param("application/at+jwt", "ES256", None, id="the whole media type"),
        pytest.param("Application/AT+JWT", "ES256", None, id="in any case"),
        pytest.param(None, "ES256", Reason.WRONG_TYPE, id="no type"),
        pytest.param("", "ES256", Reason.WRONG_TYPE, id="an empty type"),
        pytest.param("JWT", "ES256", Reason.WRONG_TYPE, id="an ID token"),
        pytest.param("at+jwtx", "ES256", Reason.WRONG_TYPE, id="more behind"),
        pytest.param(" at+jwt", "ES256", Reason.WRONG_TYPE, id="a space before"),
        pytest.param("at+jwt;a=b", "ES256", Reason.WRONG_TYPE, id="a parameter"),
        pytest.param("text/at+jwt", "ES256", Reason.WRONG_TYPE, id="another top-level type"),
        pytest.param("application/application/at+jwt", "ES256", Reason.WRONG_TYPE, id="twice"),
        pytest.param("dpop+jwt", "ES256", Reason.WRONG_TYPE, id="a proof"),
        pytest.param("logout+jwt", "ES256", Reason.WRONG_TYPE, id="a logout token"),
        pytest.param("secevent+jwt", "ES256", Reason.WRONG_TYPE, id="a security event"),
        pytest.param("statuslist+jwt", "ES256", Reason.WRONG_TYPE, id="a status list"),
        pytest.param("token-introspection+jwt", "ES256", Reason.WRONG_TYPE, id="an introspection"),
        pytest.param("at+jwt", "none", Reason.ALGORITHM_NOT_ALLOWED, id="none"),
        pytest.param("at+jwt", "nOnE", Reason.ALGORITHM_NOT_ALLOWED, id="none in another case"),
        pytest.param("at+jwt", "HS256", Reason.ALGORITHM_NOT_ALLOWED, id="HS256"),
        pytest.param("at+jwt", "es256", Reason.ALGORITHM_NOT_ALLOWED, id="es256"),
        pytest.param("at+jwt", "ES256 ", Reason.ALGORITHM_NOT_ALLOWED, id="a space behind"),
        pytest.param("at+jwt", "", Reason.ALGORITHM_NOT_ALLOWED, id="an empty algorithm"),
    ],
)
def test_a_header_is_held_to_type_and_algorithm(
    typ: str | None, alg: str, reason: Reason | None
) -> None:
    """Only access tokens pass, only by the algorithms that were chosen."""
    assert _outcome(lambda: _RULES.check_header(JWSHeader(alg, typ, None))) is reason


@pytest.mark.parametrize(
    ("typ", "reason"),
    [
        pytest.param(None, None, id="no type"),
        pytest.param("JWT", None, id="the type"),
        pytest.param("", Reason.WRONG_TYPE, id="an empty type"),
        pytest.param("at+jwt", Reason.WRONG_TYPE, id="another type"),
    ],
)
def test_a_header_without_a_type_can_be_accepted(typ: str | None, reason: Reason | None) -> None:
    """For an issuer that writes none; a type that is there must still be a right one."""
    rules = ClaimRules.of(_ISSUER, types=["JWT", None])
    assert _outcome(lambda: rules.check_header(JWSHeader("ES256", typ, None))) is reason


def test_only_the_chosen_algorithm_passes() -> None:
    """An algorithm on offer that was not chosen is refused like any other."""
    rules = ClaimRules(_ISSUER, algorithms=frozenset({"ES256"}))
    header = JWSHeader("PS384", "at+jwt", None)
    assert _outcome(lambda: rules.check_header(header)) is Reason.ALGORITHM_NOT_ALLOWED


@pytest.mark.parametrize("name", RFC9068_CLAIMS)
def test_a_required_claim_must_be_there(name: str) -> None:
    """Each of the seven is missed; none of them is, once it is not required."""
    claims = {key: value for key, value in CLAIMS.items() if key != name}
    assert _outcome(lambda: _RULES.check_presence(claims)) is Reason.MISSING_CLAIM
    assert (
        _outcome(lambda: ClaimRules(_ISSUER, required_claims=frozenset()).check_presence({}))
        is None
    )


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        pytest.param({}, None, id="no mark"),
        pytest.param({"nonce": "n", "token_use": "access", "typ": "Bearer"}, None, id="others"),
        pytest.param({"at_hash": "x"}, Reason.WRONG_TYPE, id="at_hash"),
        pytest.param({"c_hash": None}, Reason.WRONG_TYPE, id="c_hash"),
        pytest.param({"token_use": "id"}, Reason.WRONG_TYPE, id="Cognito"),
        pytest.param({"typ": "ID"}, Reason.WRONG_TYPE, id="Keycloak"),
    ],
)
def test_an_id_token_is_told_by_its_marks(more: dict[str, Any], reason: Reason | None) -> None:
    """What was made for a client to read is no access token."""
    assert _outcome(lambda: _RULES.check_presence({**CLAIMS, **more})) is reason


@pytest.mark.parametrize(
    ("audience", "configured", "passes"),
    [
        pytest.param([_RESOURCE], (), True, id="the resource"),
        pytest.param(["https://x", _RESOURCE], (), True, id="among others"),
        pytest.param([], (), False, id="nobody"),
        pytest.param([""], (), False, id="an empty name"),
        pytest.param(["https://x"], (), False, id="somebody else"),
        pytest.param([_RESOURCE + "/"], (), False, id="a slash behind"),
        pytest.param([_RESOURCE[:-1]], (), False, id="a prefix"),
        pytest.param([_RESOURCE + ".evil.test"], (), False, id="more behind"),
        pytest.param(["https://API.example.com"], (), False, id="another case"),
        pytest.param(["a"], ("a", "b"), True, id="one configured"),
        pytest.param(["b"], ("a", "b"), True, id="the other configured"),
        pytest.param([_RESOURCE], ("a", "b"), False, id="the resource, not configured"),
    ],
)
def test_a_token_is_for_us(audience: list[str], configured: tuple[str, ...], passes: bool) -> None:
    """One audience must be ours, compared code point by code point."""
    rules = ClaimRules(_ISSUER, audience=configured)
    reason = None if passes else Reason.WRONG_AUDIENCE
    assert _outcome(lambda: rules.check_audience(audience, _RESOURCE)) is reason


@pytest.mark.parametrize(
    ("audience", "passes"),
    [
        pytest.param([_RESOURCE], True, id="the resource"),
        pytest.param([_RESOURCE, _RESOURCE], True, id="the resource twice"),
        pytest.param([_RESOURCE, "https://x"], False, id="another too"),
        pytest.param(["https://x", _RESOURCE], False, id="another first"),
        pytest.param([_RESOURCE, ""], False, id="an empty name too"),
        pytest.param([], False, id="nobody"),
    ],
)
def test_a_token_may_have_to_be_for_us_alone(audience: list[str], passes: bool) -> None:
    """A token that others would take too can be refused (RFC 8707 §2.2)."""
    rules = ClaimRules.of(_ISSUER, single_audience=True)
    reason = None if passes else Reason.WRONG_AUDIENCE
    assert _outcome(lambda: rules.check_audience(audience, _RESOURCE)) is reason


@pytest.mark.parametrize(
    ("clients", "client", "passes"),
    [
        pytest.param((), "c9", True, id="any"),
        pytest.param((), None, True, id="none, and any would do"),
        pytest.param(("c1", "c2"), "c2", True, id="one of two"),
        pytest.param(("c1", "c2"), "c3", False, id="another"),
        pytest.param(("c1", "c2"), "C1", False, id="another case"),
        pytest.param(("c1", "c2"), None, False, id="none"),
    ],
)
def test_a_token_may_have_to_be_of_a_known_client(
    clients: tuple[str, ...], client: str | None, passes: bool
) -> None:
    """Where clients are named, others' tokens are refused."""
    rules = ClaimRules(_ISSUER, clients=frozenset(clients))
    reason = None if passes else Reason.WRONG_CLIENT
    assert _outcome(lambda: rules.check_client(client)) is reason


def test_a_known_client_can_stand_for_the_audience() -> None:
    """An audience that is there must still be ours."""
    rules = ClaimRules.of(_ISSUER, clients=["c1"], audience_optional=True)
    assert _outcome(lambda: rules.check_audience([], _RESOURCE)) is None
    refused = _outcome(lambda: rules.check_audience(["https://x"], _RESOURCE))
    assert refused is Reason.WRONG_AUDIENCE


@pytest.mark.parametrize(
    ("settings", "read"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"types": ["application/JWT"]}, {"types": ("jwt",)}, id="a type"),
        pytest.param(
            {"algorithms": ["HS512"]}, {"algorithms": frozenset({"HS512"})}, id="for a secret"
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
def test_settings_are_read_into_rules(settings: dict[str, Any], read: dict[str, Any]) -> None:
    """As they are written, and all others as RFC 9068 has them."""
    assert ClaimRules.of(_ISSUER, **settings) == ClaimRules(_ISSUER, **read)


@pytest.mark.parametrize(
    ("leeway", "times", "reason"),
    [
        pytest.param(0, {}, None, id="no times"),
        pytest.param(0, {"exp": _NOW + 1}, None, id="a second left"),
        pytest.param(0, {"exp": _NOW + 0.5}, None, id="half a second left"),
        pytest.param(0, {"exp": _NOW}, Reason.EXPIRED, id="expires now"),
        pytest.param(5, {"exp": _NOW - 4}, None, id="expired within the leeway"),
        pytest.param(5, {"exp": _NOW - 5}, Reason.EXPIRED, id="expired at the leeway"),
        pytest.param(0, {"exp": 0}, Reason.EXPIRED, id="expired in 1970"),
        pytest.param(0, {"exp": -(10**99)}, Reason.EXPIRED, id="expired before anything"),
        pytest.param(0.5, {"exp": -1e308}, Reason.EXPIRED, id="expired as long ago as can be"),
        pytest.param(0.5, {"exp": 10**99}, None, id="expires long after everything"),
        pytest.param(300, {"exp": 1e308}, None, id="expires as late as can be"),
        pytest.param(0, {"nbf": _NOW}, None, id="valid from now"),
        pytest.param(0, {"nbf": _NOW + 1}, Reason.NOT_YET_VALID, id="valid in a second"),
        pytest.param(5, {"nbf": _NOW + 5}, None, id="valid within the leeway"),
        pytest.param(5, {"nbf": _NOW + 5.5}, Reason.NOT_YET_VALID, id="valid past the leeway"),
        pytest.param(0.5, {"nbf": 10**99}, Reason.NOT_YET_VALID, id="valid after everything"),
        pytest.param(0.5, {"nbf": 1e308}, Reason.NOT_YET_VALID, id="valid as late as can be"),
        pytest.param(0, {"iat": _NOW + 10}, None, id="issued in 10 s"),
        pytest.param(0, {"iat": _NOW + 11}, Reason.ISSUED_IN_FUTURE, id="issued in 11 s"),
        pytest.param(30, {"iat": _NOW + 30}, None, id="issued in 30 s, within the leeway"),
        pytest.param(30, {"iat": _NOW + 31}, Reason.ISSUED_IN_FUTURE, id="issued in 31 s"),
        pytest.param(300, {"iat": _NOW + 60}, None, id="issued in 60 s"),
        pytest.param(300, {"iat": _NOW + 61}, Reason.ISSUED_IN_FUTURE, id="issued in 61 s"),
        pytest.param(0, {"iat": 10**99}, Reason.ISSUED_IN_FUTURE, id="issued after everything"),
        pytest.param(0, {"iat": -1}, None, id="issued before 1970"),
    ],
)
def test_a_token_is_in_time(leeway: float, times: dict[str, float], reason: Reason | None) -> None:
    """Expiry is exclusive, the rest inclusive, and the leeway never reaches far."""
    rules = ClaimRules(_ISSUER, leeway=leeway)
    judged = {
        "expires_at": times.get("exp"),
        "not_before": times.get("nbf"),
        "issued_at": times.get("iat"),
    }
    assert _outcome(lambda: rules.check_lifetime(**judged, now=_NOW)) is reason


_TIME = st.none() | st.integers(-100, 100)


@BOUNDED
@example(leeway=5, expires_at=None, not_before=-8, issued_at=0, now=-11)
@example(leeway=5, expires_at=None, not_before=-50, issued_at=0, now=-11)
@given(
    leeway=st.sampled_from([0, 5, 50]),
    expires_at=_TIME,
    not_before=_TIME,
    issued_at=_TIME,
    now=st.integers(-150, 150),
)
def test_a_lifetime_is_when_a_token_is_in_time(
    leeway: float,
    expires_at: float | None,
    not_before: float | None,
    issued_at: float | None,
    now: float,
) -> None:
    """To the second, wherever its times lie to each other."""
    rules = ClaimRules(_ISSUER, leeway=leeway)
    times = {"expires_at": expires_at, "not_before": not_before, "issued_at": issued_at}
    begin, end = rules.lifetime(expires_at, not_before, issued_at)
    in_time = _outcome(lambda: rules.check_lifetime(**times, now=now)) is None
    assert (begin <= now < end) is in_time
