"""RFC 9700, OAuth 2.0 security best current practice: section 26 of the matrix."""

import pytest
from starlette.routing import Route

from oauth_guard import Guard
from oauth_guard.starlette import requires
from tests.acceptance.standards.answer import Answer
from tests.acceptance.standards.api import RESOURCE, Api, bearer, handler, plain
from tests.acceptance.standards.outcome import expect


@pytest.mark.conformance("9700-01")
async def test_each_request_is_judged_for_itself() -> None:
    """A token that one resource has just accepted is for another one what it always was."""
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
async def test_scope_and_time_are_judged_on_each_request(api: Api) -> None:
    """What was enough elsewhere or before is not enough here and now."""
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
async def test_a_client_is_no_user(subject: str, kind: str, outcome: str) -> None:
    """Whoever acts for itself does not get what is for people."""
    api = Api(routes=[Route("/users", requires(users_only=True)(handler))])
    answer = await api.get("/r", api.token(sub=subject, client_id="c1"))
    expect(answer, "200")
    assert answer.seen[0].kind == kind
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
async def test_a_field_that_anybody_can_send_does_not_make_tls(field: tuple[bytes, bytes]) -> None:
    """Only the server knows how a request came, and whom to believe about that."""
    api = Api(guard={"require_https": True})
    headers = [*bearer(api.token()), field]
    expect(await api.send("GET", "/r", headers, scheme="http"), "400 invalid_request")
    expect(await api.send("GET", "/r", headers, scheme="https"), "200")


@pytest.mark.conformance("9700-04")
@pytest.mark.parametrize("field", FORWARDED, ids=lambda field: field[0].decode())
async def test_a_field_that_anybody_can_send_moves_nothing(
    api: Api, field: tuple[bytes, bytes]
) -> None:
    """Neither challenges nor metadata know of it."""
    for target in ("/r", "/.well-known/oauth-protected-resource"):
        answers: list[Answer] = [
            await api.send("GET", target, headers) for headers in ((), [field])
        ]
        assert answers[0].messages == answers[1].messages
