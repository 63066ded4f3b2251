"""The outcome checker detects each kind of wrong outcome."""

from typing import Any

import pytest

from oauth_guard import ANONYMOUS
from tests.acceptance.standards.api import Api, bearer
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import QUERY, RecordedResponse

CHALLENGE = b'Bearer realm="api", error="invalid_token"'


def _response(
    *,
    status: int = 401,
    challenge: bytes = CHALLENGE,
    body: bytes = b"",
    log: str = "",
    seen: bool = False,
    sent: tuple[tuple[bytes, bytes], ...] = (),
) -> RecordedResponse:
    start: dict[str, Any] = {"type": "http.response.start", "status": status}
    start["headers"] = [(b"www-authenticate", challenge)] if challenge else []
    messages = [start, {"type": "http.response.body", "body": body}]
    return RecordedResponse(messages, [ANONYMOUS] if seen else [], 0, log, sent)


def test_correct_rejection_passes() -> None:
    """The failures below therefore have the cause that their test names."""
    expect(_response(), "401 invalid_token")


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        pytest.param(_response(status=400), "401 invalid_token", id="another status"),
        pytest.param(_response(), "401 invalid_request", id="another error"),
        pytest.param(_response(), "401 none", id="unexpected error"),
        pytest.param(_response(challenge=b""), "401 none", id="no challenge"),
        pytest.param(_response(challenge=b""), "401 invalid_token", id="no error"),
        pytest.param(_response(seen=True), "401 invalid_token", id="handler ran"),
        pytest.param(_response(status=500), "500 invalid_token", id="status 500"),
        pytest.param(_response(status=503, challenge=b""), "503", id="outage not logged"),
        pytest.param(
            _response(status=200, challenge=b""), "200 anonymous", id="no identity recorded"
        ),
    ],
)
def test_wrong_outcome_is_detected(response: RecordedResponse, outcome: str) -> None:
    """By status, error, handler call or log."""
    with pytest.raises(AssertionError):
        expect(response, outcome)


@pytest.mark.parametrize("challenge", [b"Bearer", b"Bearer a=1, a=2", b'Bearer a="1'])
def test_malformed_challenge_is_detected(challenge: bytes) -> None:
    """A client could not parse it either."""
    with pytest.raises(ValueError, match="Bearer"):
        expect(_response(challenge=challenge), "401 invalid_token")


@pytest.mark.parametrize("field", [b"authorization", b"cookie", QUERY])
@pytest.mark.parametrize("part", ["token", "header", "claims", "signature", "sub", "exp", "nested"])
@pytest.mark.parametrize("place", ["challenge", "body", "log"])
def test_leak_is_detected(field: bytes, part: str, place: str) -> None:
    """The token, each segment and each value in it, in the challenge, body or log."""
    api = Api()
    token = api.token(sub="zz-subject", nested={"list": ["zz-word and more"]})
    header, claims, signature = token.split(".")
    leak = {
        "token": token,
        "header": header,
        "claims": claims,
        "signature": signature,
        "sub": "zz-subject",
        "exp": str(int(api.now) + 300),
        "nested": "zz-word",
    }[part]
    parts: dict[str, Any] = {"challenge": CHALLENGE, "body": b"", "log": ""}
    parts[place] += f', a="{leak}"' if place == "log" else f', a="{leak}"'.encode()
    value = {b"authorization": bearer(token)[0][1]}.get(field, f"a=b; t={token}".encode())
    with pytest.raises(AssertionError):
        expect(_response(sent=((field, value),), **parts), "401 invalid_token")
