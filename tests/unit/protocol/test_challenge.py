"""RejectionBuilder: every error becomes one response, made of configuration and constants."""

import json
import weakref
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import (
    ConfigurationError,
    InsecureRequest,
    InsufficientAuthentication,
    InsufficientScope,
    InvalidDPoPProof,
    InvalidRequest,
    InvalidToken,
    IssuerUnavailable,
    MissingCredentials,
    Reason,
    RequestRejected,
    TooManyRequests,
    UseDPoPNonce,
)
from oauth_guard.explanations import EXPLANATIONS
from oauth_guard.protocol.challenge import Rejection, RejectionBuilder
from tests.challenges import parse_challenge
from tests.unit.protocol.properties import BOUNDED

_METADATA = "https://api.example.com/.well-known/oauth-protected-resource"
_REQUEST = "The request is malformed, or carries credentials in more than one way."
_TOKEN = "The access token is malformed, expired, revoked or not for this resource."
_SCOPE = "The access token does not grant what this request needs."


def _rejections(
    realm: str | None = None,
    resource_metadata: str | None = _METADATA,
    error_uri: str | None = None,
    *,
    debug: bool = False,
) -> RejectionBuilder:
    return RejectionBuilder(realm, resource_metadata, error_uri, debug=debug)


def _challenge(rejection: Rejection) -> tuple[str, dict[str, str]]:
    """Return the one challenge of *rejection*, parsed."""
    (line,) = [value for name, value in rejection.headers if name == b"www-authenticate"]
    return parse_challenge(line.decode("ascii"))


@pytest.mark.parametrize(
    ("error", "status", "found"),
    [
        pytest.param(MissingCredentials(), 401, {}, id="no credentials"),
        pytest.param(
            MissingCredentials(Reason.UNSUPPORTED_SCHEME, scope="read write"),
            401,
            {"scope": "read write"},
            id="no credentials, and the scope to come with",
        ),
        pytest.param(
            InvalidRequest(Reason.MALFORMED_CREDENTIALS),
            400,
            {"error": "invalid_request", "error_description": _REQUEST},
            id="a malformed request",
        ),
        pytest.param(
            InvalidToken(Reason.EXPIRED),
            401,
            {"error": "invalid_token", "error_description": _TOKEN},
            id="an invalid token",
        ),
        pytest.param(
            InsufficientScope(scope="read admin"),
            403,
            {"error": "insufficient_scope", "error_description": _SCOPE, "scope": "read admin"},
            id="too little scope",
        ),
        pytest.param(
            InsufficientScope(Reason.MISSING_ROLE),
            403,
            {"error": "insufficient_scope", "error_description": _SCOPE},
            id="no scope would help",
        ),
    ],
)
def test_error_becomes_a_challenge_with_its_parameters(
    error: RequestRejected, status: int, found: dict[str, str]
) -> None:
    """Status and parameters are those of the RFC; the body repeats the error and says no more."""
    rejection = _rejections("api").build(error)
    assert rejection.status == status
    assert _challenge(rejection) == (
        "Bearer",
        {"realm": "api", **found, "resource_metadata": _METADATA},
    )
    body = {name: text for name, text in found.items() if name.startswith("error")}
    assert json.loads(rejection.body or b"{}") == body
    assert (b"cache-control", b"no-store") in rejection.headers


class Suspended(RequestRejected):
    """A rejection of somebody's own."""


class Unpaid(RequestRejected):
    """One with a code that RFC 6750 does not know."""

    status = 403
    code = 'pay"é'


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        pytest.param(RequestRejected(Reason.EXPIRED), 401, "invalid_token", id="no kind"),
        pytest.param(Suspended(Reason.WRONG_CLAIM), 401, "invalid_token", id="a kind of one's own"),
        pytest.param(Unpaid(Reason.WRONG_CLAIM), 403, None, id="a code of one's own"),
    ],
)
def test_error_class_of_the_application_becomes_an_invalid_token(
    error: RequestRejected, status: int, code: str | None
) -> None:
    """Unless it says otherwise; only error codes of the RFC are sent."""
    rejection = _rejections().build(error)
    _, parameters = _challenge(rejection)
    assert (rejection.status, parameters.get("error")) == (status, code)
    assert parameters.keys() <= {"error", "error_description", "resource_metadata"}


def test_rejections_are_cached_within_a_limit() -> None:
    """An operator's function may require another scope each time."""
    challenger = _rejections()
    errors = [InsufficientScope(scope=f"order:{number}") for number in range(1000)]
    responses = [weakref.ref(challenger.build(error)) for error in errors]
    kept = [response() for response in responses if response() is not None]
    assert 0 < len(kept) < 500
    assert challenger.build(errors[-1]) is kept[-1]


def test_headers_of_a_rejection_describe_its_body() -> None:
    """Without a body there is no content type."""
    full = _rejections().build(InvalidToken(Reason.EXPIRED))
    assert dict(full.headers)[b"content-type"] == b"application/json"
    assert dict(full.headers)[b"content-length"] == str(len(full.body)).encode()
    empty = _rejections().build(MissingCredentials())
    assert b"content-type" not in dict(empty.headers)
    assert dict(empty.headers)[b"content-length"] == b"0"
    assert all(name == name.lower() for name, _ in full.headers + empty.headers)


def test_error_uri_is_sent_with_an_error_only() -> None:
    """In challenge and body."""
    challenger = _rejections(error_uri="https://docs.example.com/errors")
    rejection = challenger.build(InvalidToken(Reason.EXPIRED))
    assert _challenge(rejection)[1]["error_uri"] == "https://docs.example.com/errors"
    assert json.loads(rejection.body)["error_uri"] == "https://docs.example.com/errors"
    assert "error_uri" not in _challenge(challenger.build(MissingCredentials()))[1]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(InvalidToken(Reason.BAD_SIGNATURE), "bad_signature", id="an error"),
        pytest.param(MissingCredentials(), "no_credentials", id="no error"),
        pytest.param(IssuerUnavailable("x", Reason.TIMED_OUT), "timed_out", id="an outage"),
    ],
)
def test_reason_is_in_the_body_in_debug_mode_only(error: Any, reason: str) -> None:
    """Never in a header."""
    found = _rejections(debug=True).build(error)
    assert json.loads(found.body)["reason"] == reason
    assert b"reason" not in _rejections().build(error).body
    assert all(reason.encode() not in value for _, value in found.headers)


def test_reason_of_the_operator_is_in_the_body_without_an_explanation() -> None:
    """Only the reasons of the library are explained."""
    reason: Any = "tenant_is_closed"
    body = json.loads(_rejections(debug=True).build(InvalidToken(reason)).body)
    assert (body["reason"], "check" in body) == ("tenant_is_closed", False)


@pytest.mark.parametrize(
    ("retry_after", "sent"), [(-5, b"1"), (0, b"1"), (1, b"1"), (30, b"30"), (61, b"60")]
)
def test_outage_has_a_retry_time_and_no_challenge(retry_after: int, sent: bytes) -> None:
    """Within a minute; the token may be valid."""
    error = IssuerUnavailable("https://as.example.com", Reason.TIMED_OUT, retry_after=retry_after)
    rejection = _rejections("api").build(error)
    assert (rejection.status, rejection.body) == (503, b"")
    assert dict(rejection.headers) == {
        b"retry-after": sent,
        b"cache-control": b"no-store",
        b"content-length": b"0",
    }


@pytest.mark.parametrize(
    ("challenger", "parameters"),
    [
        pytest.param(_rejections(), {"resource_metadata": _METADATA}, id="metadata"),
        pytest.param(_rejections("api", None), {"realm": "api"}, id="a realm"),
        pytest.param(_rejections("", None), {"realm": ""}, id="an empty realm"),
        pytest.param(_rejections('a"b\\c', None), {"realm": 'a"b\\c'}, id="quotes in a realm"),
    ],
)
def test_configured_value_is_written_as_a_quoted_string(
    challenger: RejectionBuilder, parameters: dict[str, str]
) -> None:
    """Whatever characters it contains."""
    rejection = challenger.build(MissingCredentials())
    assert _challenge(rejection) == ("Bearer", parameters)


@pytest.mark.parametrize("name", ["realm", "error_uri"])
@pytest.mark.parametrize("value", ["a\r\nX: y", "a\n", "a\x00", "a\tb", "\x7f", "é", "\u2028"])
def test_realm_that_no_header_can_contain_is_rejected(name: str, value: str) -> None:
    """A line break, or anything beyond printable ASCII, fails when the guard is built."""
    settings: dict[str, Any] = {name: value}
    with pytest.raises(ConfigurationError, match=f"{name}= must be"):
        _rejections(**settings)


@pytest.mark.parametrize("value", ["", "https://a.example/a b", 'https://a.example/"', "a\\b"])
def test_error_uri_that_is_no_uri_is_rejected(value: str) -> None:
    """It has no space, quote or backslash (RFC 6750 §3)."""
    with pytest.raises(ConfigurationError, match='must be a URI like "https:'):
        _rejections(error_uri=value)


_PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
_URIS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\'), min_size=1
)
_SCOPES = st.none() | st.just("read") | st.just("a:b c/d !#[]~")
_REJECTIONS = (
    st.builds(MissingCredentials, st.sampled_from(Reason), scope=_SCOPES)
    | st.builds(InvalidRequest, st.sampled_from(Reason))
    | st.builds(InvalidToken, st.sampled_from(Reason))
    | st.builds(InsufficientScope, st.sampled_from(Reason), scope=_SCOPES)
)


SCHEMES = {"Bearer": (), "DPoP": ("ES256", "PS256")}
_DPOP = RejectionBuilder("api", None, None, debug=False, schemes=SCHEMES)


def _challenges(rejection: Rejection) -> list[tuple[str, dict[str, str]]]:
    """Return all challenges of *rejection*, parsed."""
    lines = [value for name, value in rejection.headers if name == b"www-authenticate"]
    return [parse_challenge(line.decode("ascii")) for line in lines]


@pytest.mark.parametrize(
    ("scheme", "errors"),
    [
        pytest.param("Bearer", ["invalid_token", None], id="Bearer"),
        pytest.param("DPoP", [None, "invalid_token"], id="DPoP"),
        pytest.param(None, ["invalid_token", "invalid_token"], id="unknown"),
    ],
)
def test_error_is_in_the_challenge_of_the_scheme_that_was_used(
    scheme: str | None, errors: list[str | None]
) -> None:
    """One field line each, Bearer first; the algorithms of proofs are in that of DPoP."""
    challenges = _challenges(_DPOP.build(InvalidToken(Reason.EXPIRED), scheme))
    assert [name for name, _ in challenges] == ["Bearer", "DPoP"]
    assert [parameters.get("error") for _, parameters in challenges] == errors
    assert [p.get("algs") for _, p in challenges] == [None, "ES256 PS256"]


def test_error_of_a_scheme_that_is_not_accepted_is_in_the_other_challenge() -> None:
    """A bearer token at a resource that accepts DPoP alone."""
    only = RejectionBuilder(None, None, None, debug=False, schemes={"DPoP": ("ES256",)})
    ((scheme, parameters),) = _challenges(only.build(InvalidToken(Reason.EXPIRED), "Bearer"))
    assert (scheme, parameters["error"]) == ("DPoP", "invalid_token")


def test_nonce_is_sent_with_the_challenge() -> None:
    """In a field of its own, which no other rejection has (RFC 9449 §9)."""
    rejection = _DPOP.build(UseDPoPNonce(nonce="abc"), "DPoP")
    assert dict(rejection.headers)[b"dpop-nonce"] == b"abc"
    assert _challenges(rejection)[1][1]["error"] == "use_dpop_nonce"
    other = _DPOP.build(InvalidDPoPProof(Reason.WRONG_TOKEN_HASH), "DPoP")
    assert b"dpop-nonce" not in dict(other.headers)
    assert _challenges(other)[1][1]["error"] == "invalid_dpop_proof"


def test_too_many_requests_have_no_challenge() -> None:
    """The caller has to wait, not to authenticate."""
    rejection = _DPOP.build(TooManyRequests(Reason.TOO_MANY_PROOFS), "DPoP")
    assert rejection.status == 429
    assert dict(rejection.headers)[b"retry-after"] == b"60"
    assert _challenges(rejection) == []


def test_step_up_challenge_contains_what_is_required() -> None:
    """RFC 9470 §3; only the challenge with the error has it."""
    error = InsufficientAuthentication(acr_values="mfa hwk", max_age=0, scope="read")
    bearer, dpop = _challenges(_DPOP.build(error, "Bearer"))
    assert bearer[1] == {
        "realm": "api",
        "error": "insufficient_user_authentication",
        "error_description": "The user must authenticate again or in another way.",
        "scope": "read",
        "acr_values": "mfa hwk",
        "max_age": "0",
    }
    assert dpop[1] == {"realm": "api", "scope": "read", "algs": "ES256 PS256"}


@BOUNDED
@given(error=_REJECTIONS, realm=_PRINTABLE, error_uri=st.none() | _URIS, found=st.booleans())
def test_any_rejection_parses_to_the_values_it_was_built_from(
    error: RequestRejected, realm: str, error_uri: str | None, found: bool
) -> None:
    """One line, each parameter once; the body has the same values."""
    rejection = _rejections(realm, None, error_uri, debug=found).build(error)
    scheme, parameters = _challenge(rejection)
    assert (scheme, parameters["realm"]) == ("Bearer", realm)
    assert parameters.get("scope") == error.scope
    assert parameters.get("error") == error.code
    assert parameters.get("error_uri") == (error_uri if error.code else None)
    repeated = {name: value for name, value in parameters.items() if name.startswith("error")}
    check = EXPLANATIONS[error.reason].check
    reason = {"reason": error.reason.value, "check": check} if found else {}
    assert json.loads(rejection.body or b"{}") == {**repeated, **reason}


@pytest.mark.parametrize(
    "names",
    [
        pytest.param("tenant:zürich", id="beyond ASCII"),
        pytest.param("a\r\nset-cookie: x=1", id="a line break"),
        pytest.param("\x00", id="a control character"),
        pytest.param('a"b', id="a quote"),
        pytest.param("a\\b", id="a backslash"),
        pytest.param("", id="empty"),
        pytest.param(" a", id="a space first"),
        pytest.param("a  b", id="two spaces"),
        pytest.param("a\tb", id="a tab"),
        pytest.param("a" * 4097, id="too long"),
        pytest.param(["a"], id="a list"),
        pytest.param(5, id="a number"),
    ],
)
def test_scope_that_a_challenge_can_not_contain_is_left_out(names: Any) -> None:
    """An operator's function may take it from a claim (RFC 6750 §3); acr_values likewise."""
    builder = RejectionBuilder("api", None, None, debug=False)
    for error, status in (
        (InsufficientScope(scope=names), 403),
        (MissingCredentials(scope=names), 401),
        (InsufficientAuthentication(acr_values=names), 401),
    ):
        rejection = builder.build(error)
        assert rejection.status == status
        ((_, challenge), _) = rejection.challenges
        assert challenge.startswith(b'Bearer realm="api"')
        assert b"scope=" not in challenge
        assert b"acr_values" not in challenge


def test_request_without_tls_is_rejected_by_a_text_of_its_own() -> None:
    """The code is that of any invalid request; only the description says what to change."""
    rejection = _rejections().build(InsecureRequest())
    _, parameters = _challenge(rejection)
    assert (rejection.status, parameters["error"]) == (400, "invalid_request")
    assert "did not come over TLS" in parameters["error_description"]
    assert json.loads(rejection.body)["error"] == "invalid_request"


def test_challenges_of_one_name_are_joined_for_frameworks_that_take_one_value() -> None:
    """Joined by a comma, which means the same (RFC 9110 §5.3)."""
    fields = ((b"www-authenticate", b"Bearer a=1"), (b"cache-control", b"no-store"))
    rejection = Rejection(401, (*fields, (b"www-authenticate", b"DPoP b=2")), b"")
    assert rejection.joined_challenges == {
        "www-authenticate": "Bearer a=1, DPoP b=2",
        "cache-control": "no-store",
    }
