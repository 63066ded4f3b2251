"""The outcome checker sees what it is there to see: else every row would pass."""

from typing import Any

import pytest

from oauth_guard import ANONYMOUS
from tests.acceptance.standards.answer import QUERY, Answer
from tests.acceptance.standards.api import Api, bearer
from tests.acceptance.standards.outcome import expect

CHALLENGE = b'Bearer realm="api", error="invalid_token"'


def _answer(
    *,
    status: int = 401,
    challenge: bytes = CHALLENGE,
    body: bytes = b"",
    log: str = "",
    seen: bool = False,
    sent: tuple[tuple[bytes, bytes], ...] = (),
) -> Answer:
    start: dict[str, Any] = {"type": "http.response.start", "status": status}
    start["headers"] = [(b"www-authenticate", challenge)] if challenge else []
    messages = [start, {"type": "http.response.body", "body": body}]
    return Answer(messages, [ANONYMOUS] if seen else [], 0, log, sent)


def test_a_good_refusal_passes() -> None:
    """So what follows fails for its own reason."""
    expect(_answer(), "401 invalid_token")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        pytest.param(_answer(status=400), "401 invalid_token", id="another status"),
        pytest.param(_answer(), "401 invalid_request", id="another error"),
        pytest.param(_answer(), "401 none", id="an error where none belongs"),
        pytest.param(_answer(challenge=b""), "401 none", id="no challenge"),
        pytest.param(_answer(challenge=b""), "401 invalid_token", id="no error"),
        pytest.param(_answer(seen=True), "401 invalid_token", id="the handler ran"),
        pytest.param(_answer(status=500), "500 invalid_token", id="a crash"),
        pytest.param(_answer(status=503, challenge=b""), "503", id="an outage not logged"),
        pytest.param(_answer(status=200, challenge=b""), "200 anonymous", id="nobody was seen"),
    ],
)
def test_a_wrong_outcome_is_seen(answer: Answer, outcome: str) -> None:
    """By its status, its error, its handler or its log."""
    with pytest.raises(AssertionError):
        expect(answer, outcome)


@pytest.mark.parametrize("challenge", [b"Bearer", b"Bearer a=1, a=2", b'Bearer a="1'])
def test_a_challenge_that_can_not_be_parsed_is_seen(challenge: bytes) -> None:
    """A client could not read it either."""
    with pytest.raises(ValueError, match="Bearer"):
        expect(_answer(challenge=challenge), "401 invalid_token")


@pytest.mark.parametrize("field", [b"authorization", b"cookie", QUERY])
@pytest.mark.parametrize("part", ["token", "header", "claims", "signature", "sub", "exp", "nested"])
@pytest.mark.parametrize("place", ["challenge", "body", "log"])
def test_a_leak_is_seen(field: bytes, part: str, place: str) -> None:
    """Of the token, of each of its segments and of what it says, wherever it comes out."""
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
    told: dict[str, Any] = {"challenge": CHALLENGE, "body": b"", "log": ""}
    told[place] += f', a="{leak}"' if place == "log" else f', a="{leak}"'.encode()
    value = {b"authorization": bearer(token)[0][1]}.get(field, f"a=b; t={token}".encode())
    with pytest.raises(AssertionError):
        expect(_answer(sent=((field, value),), **told), "401 invalid_token")
