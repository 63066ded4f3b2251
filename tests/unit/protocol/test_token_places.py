"""find_tokens: where a token may be besides the `Authorization` field."""

from typing import Any

import pytest

from oauth_guard.errors import InvalidRequest
from oauth_guard.protocol.connection_init import ConnectionInit
from oauth_guard.protocol.credentials import BearerMethods
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.token_cookie import TokenCookie
from oauth_guard.protocol.token_places import FoundToken, find_tokens

COOKIE = TokenCookie(b"__Host-t", b"https://api.test")
EVERYWHERE: dict[str, Any] = {
    "headers": [(b"cookie", b"__Host-t=c"), (b"x-token", b"h"), (b"authorization", b"Bearer a")],
    "query_string": b"access_token=q",
    "subprotocols": ["bearer", "s"],
}


@pytest.mark.parametrize(
    ("methods", "found"),
    [
        (BearerMethods(), []),
        (BearerMethods(token_header=b"x-token"), [FoundToken(b"h", b"token_header ")]),
        (BearerMethods(token_cookie=COOKIE), [FoundToken(b"c", b"token_cookie ")]),
        (BearerMethods(query=True), [FoundToken(b"q")]),
        (BearerMethods(body=True), [FoundToken(b"f")]),
        (BearerMethods(subprotocol=True), [FoundToken(b"s", b"subprotocol ", without_proof=True)]),
        (BearerMethods(query=True, body=True), [FoundToken(b"q"), FoundToken(b"f")]),
    ],
    ids=range(7),
)
def test_token_is_found_only_where_a_method_allows_it(
    methods: BearerMethods, found: list[FoundToken]
) -> None:
    """In a cache, those of different places have different keys."""
    assert find_tokens(ResourceRequest(EVERYWHERE, b"access_token=f"), methods) == found


def test_token_in_the_first_message_is_found_if_the_message_was_read() -> None:
    """Only the middleware reads it, where the method allows it."""
    request = ResourceRequest({"headers": []})
    request.connection_init = ConnectionInit("{}", b"Bearer i")
    found = [FoundToken(b"i", b"connection_init ", without_proof=True)]
    assert find_tokens(request, BearerMethods()) == found
    request.connection_init = ConnectionInit("{}")
    assert find_tokens(request, BearerMethods()) == []


def test_form_that_is_not_ascii_is_rejected() -> None:
    """Two readers may decode it in different ways."""
    with pytest.raises(InvalidRequest):
        find_tokens(
            ResourceRequest({"headers": []}, b"access_token=\xfc"), BearerMethods(body=True)
        )
