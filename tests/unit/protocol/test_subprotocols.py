"""read_subprotocols: which of the offered names is a token."""

import pytest

from oauth_guard.errors import InvalidRequest
from oauth_guard.protocol.subprotocols import read_subprotocols, without_tokens


@pytest.mark.parametrize(
    ("offered", "tokens", "reply", "others"),
    [
        ([], (), None, ()),
        (["chat", "v2"], (), None, ("chat", "v2")),
        (["base64url.bearer", "base64url.bearer.dG9r"], (b"tok",), "base64url.bearer", ()),
        (["base64url.bearer.dG9r", "chat"], (b"tok",), None, ("chat",)),
        (["chat", "bearer", "tok", "v2"], (b"tok",), "bearer", ("chat", "v2")),
        (["bearer", "a", "bearer", "b"], (b"a", b"b"), "bearer", ()),
        (["chat", "bearer"], (), None, ("chat", "bearer")),
        (["base64url.bearer"], (), "base64url.bearer", ()),
        (["bearer", "a\udc80", "chat"], (b"a?",), "bearer", ("chat",)),
    ],
    ids=str,
)
def test_tokens_are_separated_from_names(
    offered: list[str], tokens: tuple[bytes, ...], reply: str | None, others: tuple[str, ...]
) -> None:
    """The application receives the names only."""
    assert read_subprotocols(offered) == (tokens, reply, others)
    assert without_tokens(offered) == list(others)


@pytest.mark.parametrize(
    "name", ["base64url.bearer.a", "base64url.bearer.dG9r=", "base64url.bearer.?"]
)
def test_token_that_cannot_be_decoded_is_malformed(name: str) -> None:
    """The application does not receive it either."""
    with pytest.raises(InvalidRequest):
        read_subprotocols([name])
    assert without_tokens([name, "chat"]) == []
