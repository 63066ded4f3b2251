"""RFC 9700, OAuth 2.0 security best current practice: section 26 of the matrix."""

import pytest
from starlette.routing import Route

from oauth_guard import Guard
from oauth_guard.starlette import requires
from tests.acceptance.standards.api import RESOURCE, Api, bearer, handler, plain
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import RecordedResponse


@pytest.mark.conformance("9700-01")
async def test_token_accepted_at_one_resource_is_rejected_at_another() -> None:
    """An earlier success has no effect."""
    api = Api()
    issuer = api.jwt_issuer()
    guards = {
        prefix: Guard(f"{RESOURCE}{prefix}", [issuer], clock=lambda: api.now)
        for prefix in ("/a", "/b", "/")
    }
    together = Api(app=plain, middleware={"guard": guards})
    token = api.token(aud=f"{RESOURCE}/a")
    for _ in range(2):
        expect(await together.get("/a/r", token), "200")
        expect(await together.get("/b/r", token), "401 invalid_token")


@pytest.mark.conformance("9700-01")
async def test_scope_and_expiry_are_checked_on_each_request(api: Api) -> None:
    """An earlier success has no effect."""
    token = api.token()
    expect(await api.get("/r", token), "200")
    expect(await api.post("/w", token), "403 insufficient_scope")
    api.now += 300
    expect(await api.get("/r", token), "401 invalid_token")


@pytest.mark.conformance("9700-03")
@pytest.mark.parametrize(
    ("subject", "kind", "outcome"),
    [("c1", "client", "403 insufficient_scope"), ("u1", "user", "200")],
)
async def test_client_token_is_rejected_where_a_user_is_required(
    subject: str, kind: str, outcome: str
) -> None:
    """A client that acts on its own behalf is not a user."""
    api = Api(routes=[Route("/users", requires(users_only=True)(handler))])
    response = await api.get("/r", api.token(sub=subject, client_id="c1"))
    expect(response, "200")
    assert response.seen[0].kind == kind
    expect(await api.get("/users", api.token(sub=subject, client_id="c1")), outcome)


FORWARDED = [
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-ssl", b"on"),
    (b"front-end-https", b"on"),
    (b"x-forwarded-host", b"evil.example"),
    (b"x-forwarded-port", b"443"),
    (b"forwarded", b"proto=https;host=evil.example"),
]


@pytest.mark.conformance("9700-04")
@pytest.mark.parametrize("field", FORWARDED, ids=lambda field: field[0].decode())
async def test_forwarded_header_does_not_satisfy_required_tls(field: tuple[bytes, bytes]) -> None:
    """Only the server determines the scheme, and which proxy it trusts."""
    api = Api(guard={"require_https": True})
    headers = [*bearer(api.token()), field]
    expect(await api.send("GET", "/r", headers, scheme="http"), "400 invalid_request")
    expect(await api.send("GET", "/r", headers, scheme="https"), "200")


@pytest.mark.conformance("9700-04")
@pytest.mark.parametrize("field", FORWARDED, ids=lambda field: field[0].decode())
async def test_forwarded_header_changes_no_url(api: Api, field: tuple[bytes, bytes]) -> None:
    """Neither in challenges nor in metadata."""
    for target in ("/r", "/.well-known/oauth-protected-resource"):
        responses: list[RecordedResponse] = [
            await api.send("GET", target, headers) for headers in ((), [field])
        ]
        assert responses[0].messages == responses[1].messages
