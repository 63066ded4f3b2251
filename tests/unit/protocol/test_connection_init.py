"""read_connection_init: the token in the first message of a GraphQL WebSocket."""

import json
from typing import Any

import pytest

from oauth_guard.errors import InvalidRequest, Reason
from oauth_guard.protocol.connection_init import ConnectionInit, read_connection_init

INIT = {"type": "connection_init"}


def _with(**payload: Any) -> str:
    return json.dumps({**INIT, "payload": payload})


FULL = 8 * 1024 - len(_with(a=""))


@pytest.mark.parametrize(
    ("text", "onward", "token"),
    [
        (_with(Authorization="Bearer t", a=[1.5]), _with(a=[1.5]), b"t"),
        (_with(authorization="bearer t"), _with(), b"t"),
        (_with(AUTHORIZATION="Bearer t\u00fc"), _with(), "t\u00fc".encode()),
        (_with(token="t"), _with(token="t"), None),
        (json.dumps(INIT), json.dumps(INIT), None),
        (json.dumps({**INIT, "payload": None}), json.dumps({**INIT, "payload": None}), None),
        (_with(a="x" * FULL), _with(a="x" * FULL), None),
    ],
    ids=range(7),
)
def test_token_is_read_and_removed(text: str, onward: str, token: bytes | None) -> None:
    """Its name is in any case, as that of a header field; the rest of the message stays."""
    read = read_connection_init(text)
    assert (read.text, read.token()) == (onward, token)


@pytest.mark.parametrize(
    "text",
    [
        None,
        b"{}",
        "",
        "[]",
        "\ud800",
        json.dumps({"type": "ping"}),
        json.dumps({**INIT, "payload": []}),
        json.dumps({**INIT, "payload": "Bearer t"}),
        '{"type": "connection_init", "type": "connection_init"}',
        _with(Authorization="Bearer t", authorization="Bearer t"),
        _with(Authorization=["Bearer t"]),
        _with(Authorization=None),
        _with(a="x" * (FULL + 1)),
        json.dumps({**INIT, "payload": {"a": "\u00fc" * (FULL // 2 + 2)}}, ensure_ascii=False),
        "{" * 8_000,
    ],
    ids=range(15),
)
def test_message_that_is_no_connection_init_is_rejected(text: object) -> None:
    """Also one of more than 8 KiB, which is counted in UTF-8."""
    read = read_connection_init(text)
    assert read.text is None
    with pytest.raises(InvalidRequest) as caught:
        read.token()
    assert caught.value.reason == Reason.NO_CONNECTION_INIT


@pytest.mark.parametrize("value", [b"", b"DPoP t", b"Basic t", b"token"])
def test_other_scheme_is_malformed(value: bytes) -> None:
    """A key can't be proven in a message."""
    with pytest.raises(InvalidRequest) as caught:
        ConnectionInit("{}", value).token()
    assert caught.value.reason == Reason.MALFORMED_CREDENTIALS


def test_repr_has_no_token() -> None:
    """It may be in a traceback."""
    assert "secret" not in repr(read_connection_init(_with(Authorization="Bearer secret")))
