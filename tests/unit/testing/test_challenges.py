"""challenge(): parsed challenges of any client's responses, and what they are compared with."""

import httpx
import httpx2
import pytest
from starlette.responses import Response

from oauth_guard.testing import (
    Challenge,
    challenge,
    insufficient_scope,
    invalid_request,
    invalid_token,
    missing_token,
    unavailable,
)

NAME = "WWW-Authenticate"
DPOP = 'DPoP error="invalid_token", algs="ES256"'


def _response(status: int, *lines: str) -> httpx.Response:
    return httpx.Response(status, headers=[(NAME, line) for line in lines])


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (_response(401, 'Bearer realm="a"'), missing_token()),
        (_response(401, 'Bearer realm="a", scope="b c"'), missing_token("c", "b")),
        (_response(401, 'Bearer error="invalid_token"'), invalid_token()),
        (_response(400, "Bearer error=invalid_request"), invalid_request()),
        (
            _response(403, 'Bearer error="insufficient_scope", scope="orders:pay"'),
            insufficient_scope("orders:pay"),
        ),
        (_response(503), unavailable()),
        (_response(401, 'Bearer realm="a"', DPOP), invalid_token()),
    ],
)
def test_challenge_equals_the_one_it_is_compared_with(
    response: httpx.Response, expected: Challenge
) -> None:
    """Status, error and scopes are compared; realm and description are not."""
    assert challenge(response) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (missing_token(), invalid_token()),
        (invalid_token(), insufficient_scope()),
        (insufficient_scope("a"), insufficient_scope("a", "b")),
        (missing_token(), missing_token("a")),
    ],
)
def test_challenges_of_different_meaning_are_not_equal(one: Challenge, other: Challenge) -> None:
    """The `repr` shows what differs, and nothing else."""
    assert one != other
    assert repr(one) != repr(other)


def test_parameters_are_unescaped() -> None:
    """Names are in lower case."""
    found = challenge(_response(401, r'Bearer REALM="a \"b\"" , error=x'))
    assert found.scheme == "Bearer"
    assert found.parameters == {"realm": 'a "b"', "error": "x"}


def test_challenge_of_a_scheme_can_be_chosen() -> None:
    """A response may have one for each scheme."""
    response = _response(401, 'Bearer realm="a"', DPOP)
    assert challenge(response, "Bearer") == missing_token()
    assert challenge(response, "DPoP") == invalid_token()
    with pytest.raises(AssertionError, match="no challenge of the scheme Basic"):
        challenge(response, "Basic")


def test_response_of_another_client_is_read() -> None:
    """httpx2 and Starlette name the method for all values of a field differently."""
    assert challenge(httpx2.Response(401, headers={NAME: 'Bearer realm="a"'})) == missing_token()
    response = Response(status_code=401, headers={NAME: 'Bearer realm="a"'})
    assert challenge(response) == missing_token()


@pytest.mark.parametrize("status", [101, 200, 302])
def test_response_that_is_no_rejection_fails_the_assertion(status: int) -> None:
    """The error shows the status."""
    with pytest.raises(AssertionError, match=f"not rejected: its response has status {status}"):
        challenge(_response(status))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Bearer", "no scheme with parameters"),
        ("Bearer realm", "no parameter at 7"),
        ('Bearer realm="a" x="b"', "no comma at 16"),
        ('Bearer realm="a", realm="b"', "duplicate parameter realm"),
    ],
)
def test_malformed_challenge_fails_the_assertion(line: str, message: str) -> None:
    """A client could not parse it either (RFC 9110 §11.6.1)."""
    with pytest.raises(AssertionError, match=message):
        challenge(_response(401, line))
