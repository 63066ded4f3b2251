"""Which paths are public, whose guard stands before the others, and which are nobody's."""

from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from oauth_guard import ANONYMOUS, ConfigurationError, Guard, JWTIssuer, OAuthGuardMiddleware
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
    ("GET", "/%68ealth"),
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
async def test_a_public_path_is_open(api: Api, method: str, target: str) -> None:
    """Nobody asks who calls."""
    expect(await api.send(method, target), "200 anonymous")


@pytest.mark.parametrize(("method", "target"), CLOSED)
async def test_every_other_path_is_closed(api: Api, method: str, target: str) -> None:
    """Another method, another case, another segment: another path."""
    expect(await api.send(method, target), "401 none")
    expect(await api.send(method, target, bearer(api.token())), "200")


@pytest.mark.parametrize("target", AMBIGUOUS)
async def test_an_ambiguous_path_is_never_public(api: Api, target: str) -> None:
    """What two programs might read in two ways wants a token; with one, the application reads."""
    expect(await api.get(target), "401 none")
    expect(await api.get(target, api.token()), "200")


@pytest.mark.parametrize(
    ("path", "root_path", "public"),
    [
        ("/api/health", "/api", True),
        ("/health", "/api", True),
        ("/health", None, True),
        ("/apihealth", "/api", False),
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
async def test_the_path_is_read_less_the_root_path(
    api: Api, path: str, root_path: str | None, public: bool
) -> None:
    """As Starlette's router reads it, by whole segments."""
    answer = await api.get(path, root_path=root_path)
    expect(answer, "200 anonymous" if public else "401 none")


@pytest.mark.parametrize(
    ("target", "public"),
    [("/feed", True), ("/feed/", False), ("/feed/x", False), ("/health", False), ("/hook", False)],
)
async def test_a_socket_is_public_by_its_own_word(api: Api, target: str, public: bool) -> None:
    """`WEBSOCKET /feed` opens that handshake; what is open over HTTP is not."""
    answer = await api.connect(target)
    if public:
        assert answer.messages == [{"type": "websocket.accept"}]
        assert answer.seen == [ANONYMOUS]
    else:
        expect(answer, "401 none")


@pytest.mark.parametrize("rejection", rows(*BY_MIDDLEWARE))
async def test_nobody_looks_at_a_token_on_a_public_path(api: Api, rejection: Rejection) -> None:
    """A bad one changes nothing, and neither does an issuer that is down."""
    if rejection.outage:
        await rejection.over_http(api)
        asked = len(api.authority.requests)
    else:
        asked = 0
    headers = rejection.headers(api)
    expect(await api.send("GET", "/health", headers), "200 anonymous")
    assert (await api.connect("/feed", headers)).seen == [ANONYMOUS]
    assert len(api.authority.requests) == asked


async def test_a_good_token_on_a_public_path_is_not_read_either(api: Api) -> None:
    """The identity there is always the same."""
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
        ("/A", "/root"),
        ("/a", "/a"),
        ("/a/", "/a"),
        ("/a/x", "/a"),
        ("/a/bc", "/a"),
        ("/%61/x", "/a"),
        ("/a/b", "/ab"),
        ("/a/b/c", "/ab"),
    ],
)
async def test_the_longest_prefix_decides(target: str, realm: str) -> None:
    """By whole segments; a token for one resource opens no other."""
    api = _several()
    answer = await api.get(target)
    expect(answer, "401 none")
    assert answer.challenges[0][1]["realm"] == realm
    for other in ("/root", "/a", "/ab"):
        token = api.token(aud=f"https://api.example.com{other}")
        expect(await api.get(target, token), "200" if other == realm else "401 invalid_token")


async def test_a_prefix_is_read_less_the_root_path() -> None:
    """As a public path is."""
    api = _several()
    token = api.token(aud="https://api.example.com/a")
    expect(await api.get("/mount/a/x", token, root_path="/mount"), "200")
    expect(await api.get("/mount/x", token, root_path="/mount"), "401 invalid_token")


@pytest.mark.parametrize("target", [*AMBIGUOUS, "/a/../x", "/a%2Fb", "a/x", "/x/%2e%2e/a"])
@pytest.mark.parametrize("resource", ["/root", "/a", "/ab"])
async def test_an_ambiguous_path_is_refused_where_several_guards_stand(
    target: str, resource: str
) -> None:
    """Whose it is depends on who reads it, so it is nobody's, whatever the token."""
    api = _several(public=PUBLIC)
    token = api.token(aud=f"https://api.example.com{resource}")
    expect(await api.get(target, token), "400 invalid_request")
    expect(await api.connect(target, bearer(token)), "400 invalid_request")


@pytest.mark.parametrize("name", ["root", "a", "ab"])
async def test_each_resource_has_its_own_metadata(name: str) -> None:
    """At the path that its challenges name."""
    api = _several()
    document = await api.get(f"/.well-known/oauth-protected-resource/{name}")
    assert document.status == 200
    assert f'"resource": "https://api.example.com/{name}"'.encode() in document.body
    assert not document.seen


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", ["none", "bad"])
async def test_metadata_comes_before_any_look_at_credentials(
    api: Api, method: str, headers: str
) -> None:
    """Whoever asks, with whatever, is told where to go."""
    fields = [(b"authorization", b"Bearer")] * 2 if headers == "bad" else []
    answer: RecordedResponse = await api.send(
        method, "/.well-known/oauth-protected-resource", fields
    )
    assert answer.status == 200
    assert bool(answer.body) == (method == "GET")
    assert not answer.seen


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "get"])
async def test_metadata_answers_no_other_method(api: Api, method: str) -> None:
    """That is a request like any other."""
    expect(await api.send(method, "/.well-known/oauth-protected-resource"), "401 none")


async def test_metadata_is_found_below_a_mount(api: Api) -> None:
    """As the server sees the path, and as the mount does."""
    path = "/.well-known/oauth-protected-resource"
    for seen in (path, f"/mount{path}"):
        answer = await api.get(seen, root_path="/mount")
        assert answer.status == 200


async def test_a_resource_may_have_a_path_outside_ascii() -> None:
    """It is configured as a URL writes it, and comes in decoded."""
    api = Api(guard={"resource": "https://api.example.com/caf%C3%A9"})
    answer = await api.get("/.well-known/oauth-protected-resource/caf%C3%A9")
    assert answer.status == 200


@pytest.mark.parametrize("path", ["/admin\n", "/admin\r", "/admin\x00", "/admin\x7f"])
async def test_a_control_character_leads_past_no_guard(path: str) -> None:
    """To a router whose pattern ends in `$`, a path and a newline is that path."""
    local = LocalIssuer(audience="https://api.test/low")
    issuer = JWTIssuer(local.issuer, http=local.http)
    guards = {
        "/admin": Guard("https://api.test/admin", [issuer]),
        "/": Guard("https://api.test/low", [issuer]),
    }
    api = Api(
        middleware={"guard": guards}, routes=[Route("/admin", lambda _: PlainTextResponse("x"))]
    )
    answer = await api.send("GET", "/admin", bearer(local.token()), path=path)
    assert (answer.status, answer.seen) == (400, [])


async def test_a_newline_opens_no_subtree_above() -> None:
    """`/docs/` is not below itself, with or without one."""
    api = Api(
        middleware={"public": ["/docs/*"]},
        routes=[Route("/docs/", lambda _: PlainTextResponse("x"))],
    )
    for path in ("/docs/", "/docs/\n"):
        assert (await api.send("GET", "/docs/", path=path)).status == 401


class _Rooted:
    """An application that strips a prefix by itself."""

    root_path = "/api"

    async def __call__(self, *_: object) -> None:
        """Do nothing."""


@pytest.mark.parametrize("settings", [{"public": ["/health"]}, {"guard": "two"}])
def test_an_application_with_a_root_path_of_its_own_is_not_guarded_by_path(
    settings: dict[str, Any],
) -> None:
    """It would read other paths than its guard; added inside, it does not."""
    guard = Api().guard
    guards = {"/a": guard, "/": guard} if settings.pop("guard", None) else guard
    with pytest.raises(ConfigurationError, match="add_middleware"):
        OAuthGuardMiddleware(_Rooted(), guards, **settings)
    OAuthGuardMiddleware(_Rooted(), guard)
