"""Arbitrary input gets a documented status and never a 500."""

import asyncio
from urllib.parse import quote_from_bytes, urlencode

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.acceptance.demo.authorization_server.harness import (
    CHALLENGE,
    OAUTH,
    VERIFIER,
    basic,
    open_harness,
)

NAMES = st.sampled_from(
    [
        "grant_type",
        "response_type",
        "client_id",
        "client_secret",
        "redirect_uri",
        "scope",
        "state",
        "code",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "refresh_token",
        "username",
        "password",
        "resource",
        "token",
        "apikey",
    ]
)
GOOD = [
    "authorization_code",
    "password",
    "client_credentials",
    "refresh_token",
    "code",
    "demo-web",
    "demo-cli",
    "demo-service",
    "http://localhost:5000/oauth2/callback",
    "http://127.0.0.1:1/callback",
    "http://[::1",
    "read",
    "S256",
    CHALLENGE,
    VERIFIER,
    "svc-etl",
]
VALUES = st.one_of(st.sampled_from(GOOD), st.text(st.characters(exclude_categories=["Cs"])))
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=10)


async def send(method: str, path: str, encoded: bytes, headers: dict[str, str]) -> httpx.Response:
    """Send *encoded* to a fresh server: an exception there is raised here."""
    async with open_harness() as harness:
        if method == "GET":
            address = httpx.URL(path, query=encoded)
            return await harness.http.get(address, headers=headers)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return await harness.http.post(path, content=encoded, headers=headers | form)


@settings(max_examples=40, deadline=None)
@given(pairs=PAIRS)
def test_arbitrary_authorization_request_gets_a_page_or_a_registered_redirect(
    pairs: list[tuple[str, str]],
) -> None:
    """A redirect goes to a registered address and to no other."""
    query = urlencode(pairs).encode()
    response = asyncio.run(send("GET", f"{OAUTH}/authorize", query, {}))
    assert response.status_code in {200, 303, 400}
    if response.status_code == 303:
        registered = ("http://localhost:5000/oauth2/callback?", "http://127.0.0.1:1/callback?")
        assert response.headers["location"].startswith(registered)


@settings(max_examples=40, deadline=None)
@given(
    pairs=PAIRS,
    headers=st.sampled_from([{}, basic("demo-web"), basic("demo-service")]),
    endpoint=st.sampled_from(["token", "introspect", "revoke"]),
)
def test_arbitrary_form_gets_a_json_response(
    pairs: list[tuple[str, str]], headers: dict[str, str], endpoint: str
) -> None:
    """The status is 200, 400 or 401."""
    body = urlencode(pairs).encode()
    response = asyncio.run(send("POST", f"{OAUTH}/{endpoint}", body, headers))
    assert response.status_code in {200, 400, 401}
    assert isinstance(response.json(), dict)


@settings(max_examples=40, deadline=None)
@given(encoded=st.binary(max_size=200), method=st.sampled_from(["GET", "POST"]))
def test_arbitrary_bytes_get_a_client_error(encoded: bytes, method: str) -> None:
    """This holds for bytes that are no parameters at all."""
    path, sent = (
        (f"{OAUTH}/authorize", quote_from_bytes(encoded, safe="&=").encode())
        if method == "GET"
        else (f"{OAUTH}/token", encoded)
    )
    assert asyncio.run(send(method, path, sent, {})).status_code in {400, 401}
