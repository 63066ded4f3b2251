"""OAuthGuardMiddleware: public paths, the guard of each path, and ambiguous paths."""

from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from oauth_guard import ANONYMOUS, Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.testing import LocalIssuer
from tests.acceptance.standards.api import Api, bearer, plain, recording_identity
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import RecordedResponse
from tests.acceptance.standards.rejections import BY_MIDDLEWARE, Rejection, rows

PUBLIC = ["/health", "POST /hook", "GET /one", "WEBSOCKET /feed", "/static/*"]

OPEN = [
    ("GET", "/health"),
    ("HEAD", "/health"),
    ("GET", "/health?a=%2F"),
    ("POST", "/hook"),
    ("GET", "/one"),
    ("GET", "/static/a"),
    ("HEAD", "/static/a/b.css"),
    ("GET", "/static/..a"),
    ("GET", "/static/a%20b"),
]
CLOSED = [
    ("POST", "/health"),
    ("OPTIONS", "/health"),
    ("get", "/health"),
    ("", "/health"),
    ("GET", "/health/"),
    ("GET", "/health/x"),
    ("GET", "/healthy"),
    ("GET", "/Health"),
    ("GET", "/%68ealth"),
    ("GET", "/%73tatic/a"),
    ("GET", "/static/a;b"),
    ("GET", "/static/..;/r"),
    ("GET", "/static/a%3Bb"),
    ("GET", "/static/a%3Fb"),
    ("GET", "/static/a%23b"),
    ("GET", "/static/%FF"),
    ("GET", "/x/health"),
    ("GET", "/"),
    ("GET", "/hook"),
    ("HEAD", "/one"),
    ("GET", "/static"),
    ("GET", "/static/"),
    ("GET", "/statics/a"),
    ("POST", "/static/a"),
    ("GET", "/feed"),
    ("WEBSOCKET", "/feed"),
]
AMBIGUOUS = [
    "/static/../r",
    "/static/%2e%2e/r",
    "/static/%2E./r",
    "/static/%252e%252e/r",
    "/static/..",
    "/static/./a",
    "/static/.",
    "/static//a",
    "//health",
    "/static/a%2Fb",
    "/static/a%2fb",
    "/static/a%252fb",
    "/static/a\\b",
    "/static/a%5cb",
    "/static/a%5Cb",
    "/static/a%00",
    "health",
    "static/a",
    "http://api.example.com/health",
    "*",
]


@pytest.fixture
def api() -> Api:
    """Return an application of no framework, with every kind of public path."""
    return Api(app=plain, middleware={"public": PUBLIC})


@pytest.mark.parametrize(("method", "target"), OPEN)
async def test_public_path_needs_no_token(api: Api, method: str, target: str) -> None:
    """The caller is anonymous."""
    expect(await api.send(method, target), "200 anonymous")


@pytest.mark.parametrize(("method", "target"), CLOSED)
async def test_path_that_is_not_public_needs_a_token(api: Api, method: str, target: str) -> None:
    """Another method, case or segment makes another path."""
    expect(await api.send(method, target), "401 none")
    expect(await api.send(method, target, bearer(api.token())), "200")


@pytest.mark.conformance("ASGI-14")
@pytest.mark.parametrize("target", AMBIGUOUS)
async def test_ambiguous_path_needs_a_token(api: Api, target: str) -> None:
    """Two programs may read it differently; with a token, the application reads it."""
    expect(await api.get(target), "401 none")
    expect(await api.get(target, api.token()), "200")


@pytest.mark.parametrize(
    ("path", "root_path", "public"),
    [
        ("/api/health", "/api", True),
        ("/health", "/api", True),
        ("/health", None, True),
        ("/apihealth", "/api", False),
        ("/api/static/a", "/api", True),
        ("/apistatic/a", "/api", False),
        ("/static/api/r", "/api", False),
        ("/static/a", "/static", False),
        ("/static/static/a", "/static", True),
        ("/health", "/health", False),
        ("/health/health", "/health", True),
        ("/api/healthy", "/api", False),
        ("/api/api/health", "/api", False),
        ("/api", "/api", False),
        ("/api/health", "", False),
        ("/api/health", None, False),
        ("/api/health", "/api/", False),
        ("/api/health", "/API", False),
        ("/api/static/../r", "/api", False),
    ],
)
async def test_public_path_is_compared_without_the_root_path(
    api: Api, path: str, root_path: str | None, public: bool
) -> None:
    """By whole segments, as Starlette's router does."""
    response = await api.get(path, root_path=root_path)
    expect(response, "200 anonymous" if public else "401 none")


@pytest.mark.parametrize(
    ("target", "public"),
    [("/feed", True), ("/feed/", False), ("/feed/x", False), ("/health", False), ("/hook", False)],
)
async def test_websocket_is_public_only_by_a_websocket_pattern(
    api: Api, target: str, public: bool
) -> None:
    """`WEBSOCKET /feed` makes that handshake public; a path public over HTTP does not."""
    response = await api.connect(target)
    if public:
        assert response.messages == [{"type": "websocket.accept"}]
        assert response.seen == [ANONYMOUS]
    else:
        expect(response, "401 none")


@pytest.mark.parametrize("rejection", rows(*BY_MIDDLEWARE))
async def test_invalid_token_on_a_public_path_is_ignored(api: Api, rejection: Rejection) -> None:
    """Even if the issuer is down."""
    if rejection.outage:
        await rejection.over_http(api)
        required = len(api.authority.requests)
    else:
        required = 0
    headers = rejection.headers(api)
    expect(await api.send("GET", "/health", headers), "200 anonymous")
    assert (await api.connect("/feed", headers)).seen == [ANONYMOUS]
    assert len(api.authority.requests) == required


async def test_valid_token_on_a_public_path_is_ignored(api: Api) -> None:
    """The identity there is always anonymous."""
    expect(await api.get("/health", api.token()), "200 anonymous")


def _several(**options: Any) -> Api:
    """Return an application with three resources, each with a realm of its own."""
    api = Api()
    guards = {
        prefix: Guard(
            f"https://api.example.com{path}", [api.jwt_issuer()], realm=path, clock=lambda: api.now
        )
        for prefix, path in {"/": "/root", "/a/b": "/ab", "/a": "/a"}.items()
    }
    api.application = OAuthGuardMiddleware(recording_identity(plain), guards, **options)
    return api


@pytest.mark.parametrize(
    ("target", "realm"),
    [
        ("/", "/root"),
        ("/x/a", "/root"),
        ("/ab", "/root"),
        ("/A", "/a"),
        ("/A/x", "/a"),
        ("/A/B", "/ab"),
        ("/x/A", "/root"),
        ("/a", "/a"),
        ("/a/", "/a"),
        ("/a/x", "/a"),
        ("/a/bc", "/a"),
        ("/a/%78", "/a"),
        ("/a/b", "/ab"),
        ("/a/b/c", "/ab"),
    ],
)
async def test_guard_of_the_longest_prefix_is_used(target: str, realm: str) -> None:
    """By whole segments, in any order of configuration."""
    api = _several()
    response = await api.get(target)
    expect(response, "401 none")
    assert response.challenges[0][1]["realm"] == realm
    for other in ("/root", "/a", "/ab"):
        token = api.token(aud=f"https://api.example.com{other}")
        expect(await api.get(target, token), "200" if other == realm else "401 invalid_token")


async def test_prefix_of_a_guard_is_compared_without_the_root_path() -> None:
    """Like a public path."""
    api = _several()
    token = api.token(aud="https://api.example.com/a")
    expect(await api.get("/mount/a/x", token, root_path="/mount"), "200")
    expect(await api.get("/mount/x", token, root_path="/mount"), "401 invalid_token")


@pytest.mark.conformance("ASGI-14")
@pytest.mark.parametrize(
    "target",
    [
        *AMBIGUOUS,
        *("/a/../x", "/a%2Fb", "a/x", "/x/%2e%2e/a"),
        *("/a;x", "/a;/x", "/x;y", "/x/..;/a", "/x/..;v=1/a", "/x%3By", "/x%253By"),
        *("/%61/x", "/a/%62", "/%41", "/x%3Fy", "/x%23y", "/x%FF", "/x%2541"),
    ],
)
@pytest.mark.parametrize("resource", ["/root", "/a", "/ab"])
async def test_ambiguous_path_is_rejected_with_several_guards(target: str, resource: str) -> None:
    """It is undefined which guard it belongs to, whatever the token."""
    api = _several(public=PUBLIC)
    token = api.token(aud=f"https://api.example.com{resource}")
    expect(await api.get(target, token), "400 invalid_request")
    expect(await api.connect(target, bearer(token)), "400 invalid_request")


@pytest.mark.parametrize("name", ["root", "a", "ab"])
async def test_each_guard_serves_its_own_metadata(name: str) -> None:
    """At the path that its challenges name."""
    api = _several()
    document = await api.get(f"/.well-known/oauth-protected-resource/{name}")
    assert document.status == 200
    assert f'"resource": "https://api.example.com/{name}"'.encode() in document.body
    assert not document.seen


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", ["none", "bad"])
async def test_metadata_is_served_without_reading_credentials(
    api: Api, method: str, headers: str
) -> None:
    """Whatever credentials the request has."""
    fields = [(b"authorization", b"Bearer")] * 2 if headers == "bad" else []
    response: RecordedResponse = await api.send(
        method, "/.well-known/oauth-protected-resource", fields
    )
    assert response.status == 200
    assert bool(response.body) == (method == "GET")
    assert not response.seen


@pytest.mark.conformance("9728-01")
@pytest.mark.parametrize("method", ["POST", "OPTIONS", "DELETE", "get"])
async def test_metadata_path_rejects_other_methods(api: Api, method: str) -> None:
    """With the allowed methods, whether or not the request has a token."""
    for headers in ((), bearer(api.token())):
        response = await api.send(method, "/.well-known/oauth-protected-resource", headers)
        assert (response.status, response.lines("allow")) == (405, ["GET, HEAD"])
        assert not response.seen


@pytest.mark.parametrize("middleware", [{}, {"preflights": False}, {"cors": ["https://b.test"]}])
async def test_preflight_of_the_metadata_is_allowed_for_every_origin(
    middleware: dict[str, Any],
) -> None:
    """A script that adds a header to its request asks first."""
    api = Api(middleware=middleware)
    asked = [
        (b"origin", b"https://a.test"),
        (b"access-control-request-method", b"GET"),
        (b"access-control-request-headers", b"mcp-protocol-version"),
    ]
    response = await api.send("OPTIONS", "/.well-known/oauth-protected-resource", asked)
    assert response.status == 204
    assert response.lines("access-control-allow-origin") == ["*"]
    assert "mcp-protocol-version" in response.lines("access-control-allow-headers")[0]


async def test_metadata_is_found_below_a_mount(api: Api) -> None:
    """By the path as the server sees it, and as the mount does."""
    path = "/.well-known/oauth-protected-resource"
    for seen in (path, f"/mount{path}"):
        response = await api.get(seen, root_path="/mount")
        assert response.status == 200


async def test_resource_path_outside_ascii_is_found() -> None:
    """It is configured percent-encoded, and received decoded."""
    api = Api(guard={"resource": "https://api.example.com/caf%C3%A9"})
    response = await api.get("/.well-known/oauth-protected-resource/caf%C3%A9")
    assert response.status == 200


@pytest.mark.parametrize("path", ["/admin\n", "/admin\r", "/admin\x00", "/admin\x7f"])
async def test_control_character_in_a_path_does_not_bypass_a_guard(path: str) -> None:
    """A router whose pattern ends in `$` matches a path and a newline."""
    local = LocalIssuer(audience="https://api.test/low")
    issuer = JWTIssuer(local.issuer, http=local.http)
    guards = {
        "/admin": Guard("https://api.test/admin", [issuer]),
        "/": Guard("https://api.test/low", [issuer]),
    }
    api = Api(
        middleware={"guard": guards}, routes=[Route("/admin", lambda _: PlainTextResponse("x"))]
    )
    response = await api.send("GET", "/admin", bearer(local.token()), path=path)
    assert (response.status, response.seen) == (400, [])


async def test_newline_does_not_make_the_path_above_a_subtree_public() -> None:
    """`/docs/` is not below itself, with or without a newline."""
    api = Api(
        middleware={"public": ["/docs/*"]},
        routes=[Route("/docs/", lambda _: PlainTextResponse("x"))],
    )
    for path in ("/docs/", "/docs/\n"):
        assert (await api.send("GET", "/docs/", path=path)).status == 401


@pytest.mark.parametrize(
    ("path", "root_path", "outcome"),
    [
        pytest.param("/mount/a/x", "/mount", "200", id="below the root path"),
        pytest.param("/a/x", "/mount", "200", id="outside the root path"),
        pytest.param("/a/mount", "/mount/", "200", id="a root path with a slash at its end"),
        pytest.param("/mounta/x", "/mount", "400 invalid_request", id="cut inside a segment"),
        pytest.param("/x/mount/a", "/mount", "400 invalid_request", id="the root path inside"),
        pytest.param("/a/mount/x", "/mount", "400 invalid_request", id="the root path below"),
        pytest.param("/mount/a/x", "/mount/", "400 invalid_request", id="a slash too many"),
        pytest.param("/a/x", "/a", "401 invalid_token", id="a root path like a prefix"),
        pytest.param("/mountz/x", "/mount", "401 invalid_token", id="one guard by both readings"),
    ],
)
async def test_path_with_a_root_path_of_two_readings_is_rejected_with_several_guards(
    path: str, root_path: str, outcome: str
) -> None:
    """Some frameworks remove the root path as a string, wherever it begins or ends."""
    api = _several()
    token = api.token(aud="https://api.example.com/a")
    expect(await api.get(path, token, root_path=root_path), outcome)
    if outcome != "200":
        expect(await api.connect(path, bearer(token), root_path=root_path), outcome)


@pytest.mark.parametrize(
    ("path", "raw_path", "outcome"),
    [
        pytest.param("/a/x", None, "200", id="no raw path"),
        pytest.param("/a/x", b"/a/x?next=/x", "200", id="a raw path with the query"),
        pytest.param("/a/\u00e9 b", b"/a/%C3%A9%20b", "200", id="encoded where it must be"),
        pytest.param("/a/x", b"/x", "400 invalid_request", id="a path that was rewritten"),
    ],
)
async def test_path_and_raw_path_lead_to_one_guard_or_the_request_is_rejected(
    path: str, raw_path: bytes | None, outcome: str
) -> None:
    """Some frameworks route by the raw path."""
    api = _several()
    token = api.token(aud="https://api.example.com/a")
    expect(await api.get("/", token, path=path, raw_path=raw_path), outcome)
