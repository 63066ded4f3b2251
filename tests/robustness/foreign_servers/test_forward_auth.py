"""Behind real nginx and Caddy, as the page configures them, no request passes without a right."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from oauth_guard import Guard, JWTIssuer, Rules
from oauth_guard.asgi import Connection, Receive, Send
from oauth_guard.forward_auth import IDENTITY_FIELDS, Assertion, ForwardAuth
from oauth_guard.possession import DPoP, ForwardedCertificate
from oauth_guard.testing import ClientCertificate, DPoPKey, LocalIssuer
from tests.builders.reverse_proxy import SECRET, Reply, Site, signing_key_pem, site

BOTH = pytest.mark.parametrize(
    "proxy",
    [
        pytest.param("nginx", marks=pytest.mark.needs("nginx")),
        pytest.param("caddy", marks=pytest.mark.needs("caddy")),
    ],
)
RESOURCE = "https://api.example.com"
LOCAL = LocalIssuer("https://login.example.com", audience=RESOURCE)
DOWN = LocalIssuer("https://down.example.com", audience=RESOURCE)
RULES = Rules(
    [
        ("GET /orders/*", "orders:read"),
        ("POST /orders", "orders:write"),
        ("GET /any", None),
    ]
)
# They are still valid when the suite, which imports all files first, gets here.
_LATER = 4_102_444_800
READER = LOCAL.token("orders:read", sub="alice", client_id="shop", exp=_LATER)
OTHER = LOCAL.token("nothing:else", exp=_LATER)


def guard(**settings: Any) -> Guard:
    """Return a guard that trusts an issuer, and one that is down."""
    DOWN.outage = lambda _: httpx.Response(500)
    down = JWTIssuer(DOWN.issuer, http=DOWN.http)
    return Guard(RESOURCE, [JWTIssuer(LOCAL.issuer, keys=LOCAL.jwks), down], **settings)


def service(proxy: Any, **settings: Any) -> ForwardAuth:
    """Return the service of this page."""
    own = settings.pop("guard", None) or guard()
    secret = ("X-Proxy-Secret", SECRET)
    return ForwardAuth(own, RULES, proxy=proxy, secret=secret, public=["/static/*"], **settings)


@pytest.fixture(scope="module")
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Serve the application behind a proxy."""
    name = request.param
    with site(name, tmp_path_factory.mktemp(name), service(name)) as running:
        yield running


PROXIES = pytest.mark.parametrize(
    "served",
    [
        pytest.param("nginx", marks=pytest.mark.needs("nginx")),
        pytest.param("caddy", marks=pytest.mark.needs("caddy")),
    ],
    indirect=True,
)


@PROXIES
@pytest.mark.parametrize(
    ("target", "method", "token", "status"),
    [
        pytest.param("/orders/1", "GET", READER, 200, id="granted"),
        pytest.param("/orders/1?x=/../..;a%2fb", "GET", READER, 200, id="any query"),
        pytest.param("/orders/1", "HEAD", READER, 200, id="HEAD as GET"),
        pytest.param("/any", "GET", OTHER, 200, id="any token"),
        pytest.param("/static/a.css", "GET", None, 200, id="public"),
        pytest.param("/orders/1", "GET", None, 401, id="no token"),
        pytest.param("/orders/1", "GET", "x", 401, id="malformed token"),
        pytest.param("/orders/1", "GET", OTHER, 403, id="other scope"),
        pytest.param("/orders", "POST", READER, 403, id="other method"),
        pytest.param("/orders/1", "DELETE", READER, 403, id="no rule for the method"),
        pytest.param("/admin", "GET", READER, 403, id="no rule for the path"),
        pytest.param("/admin", "GET", None, 401, id="no rule and no token"),
        pytest.param("/", "GET", READER, 403, id="root"),
        pytest.param("/static/a.css", "POST", None, 401, id="public for GET alone"),
        pytest.param("/orders/1", "GET", DOWN.token("orders:read", exp=_LATER), 503, id="outage"),
    ],
)
def test_status_of_each_decision_reaches_the_client(
    served: Site, target: str, method: str, token: str | None, status: int
) -> None:
    """Only a 200 reaches the application; an outage is no refusal."""
    reply = served.send(target, method=method, token=token)
    assert reply.status == status
    assert (reply.received is not None) == (status == 200)
    if status == 401:
        assert reply.headers["www-authenticate"].startswith("Bearer ")
    if status == 503:
        assert int(reply.headers["retry-after"]) >= 1


@PROXIES
def test_challenge_of_a_lacking_scope_reaches_the_client(served: Site) -> None:
    """Of a 403, nginx drops the challenge by itself."""
    challenge = served.send("/orders/1", token=OTHER).headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="orders:read"' in challenge


FORGED = [
    ("X-Auth-Subject", "root"),
    ("x-auth-subject", "admin"),
    ("X-Auth-Roles", "admin"),
    ("X-Auth-Assertion", "eyJ"),
    ("X_Auth_Subject", "root"),
    ("X-Auth_Subject", "root"),
    ("x_auth-subject", "root"),
    ("X.Auth.Subject", "root"),
    ("X-Auth.Subject", "root"),
    ("X_Auth.Subject", "root"),
    ("X-Proxy-Secret", "guess"),
    ("X-Original-URI", "/static/a"),
    ("X-Original-URI", "/static/b"),
    ("X-Forwarded-Uri", "/static/a"),
    ("X-Forwarded-Method", "HEAD"),
    ("X-Original-Method", "HEAD"),
    ("X-Forwarded-Prefix", "/static"),
    ("X-HTTP-Method-Override", "GET"),
]


@PROXIES
def test_application_receives_the_caller_and_no_field_that_the_client_forged(served: Site) -> None:
    """Each identity field has one value or none: that of the token."""
    reply = served.send("/orders/1", *FORGED, token=READER)
    assert reply.status == 200
    found = {name: reply.value(name.lower()) for name in IDENTITY_FIELDS}
    assert found == {
        **dict.fromkeys(IDENTITY_FIELDS, ""),
        "X-Auth-Subject": "alice",
        "X-Auth-Client": "shop",
        "X-Auth-Issuer": LOCAL.issuer,
        "X-Auth-Kind": "user",
        "X-Auth-Scopes": "orders:read",
    }
    assert _alike(reply) <= {name.lower() for name in IDENTITY_FIELDS}
    assert not reply.value("x-proxy-secret")


def _alike(reply: Reply) -> set[str]:
    """Return the received names that a WSGI or CGI server reads as those of identity fields."""
    names = {name.lower() for name, _ in reply.received or ()}
    return {name for name in names if re.sub("[^a-z0-9]", "_", name).startswith("x_auth_")}


@PROXIES
def test_public_path_has_no_identity_even_if_the_client_forges_one(served: Site) -> None:
    """A token there is not looked at."""
    reply = served.send("/static/a", *FORGED, token=READER)
    found = {reply.value(name.lower()) for name in IDENTITY_FIELDS}
    assert (reply.status, found) == (200, {"", "anonymous"})


@PROXIES
@pytest.mark.parametrize("field", FORGED, ids=str)
def test_forged_field_opens_nothing(served: Site, field: tuple[str, str]) -> None:
    """One alone, on a path that needs a token."""
    reply = served.send("/orders/1", field)
    assert (reply.status, reply.received) == (401, None)


CONFUSIONS = [
    "/static/../orders/1",
    "/static/%2e%2e/orders/1",
    "/static/.%2E/orders/1",
    "/static/..%2forders/1",
    "/static/..%2Forders%2F1",
    "/static%2f../orders/1",
    "/static/..;/orders/1",
    "/static/..;x=1/orders/1",
    "/static;/../orders/1",
    "/static/x;/../../orders/1",
    "/static/..%5corders/1",
    "/static/..\\orders/1",
    "/static/%252e%252e/orders/1",
    "/static/..%00/orders/1",
    "/static//../orders/1",
    "/static/./../orders/1",
    "//orders/1",
    "//static/../orders/1",
    "/orders//1",
    "/./orders/1",
    "/%6frders/1",
    "/ORDERS/1",
    "/orders/1#/../../static/x",
    "/orders/1#",
    "/orders/1%23/../../static/x",
    "/orders/1?/../../static/x",
    "/orders/1;/static/x",
    "/orders/1%3f/../../static/x",
    "/static/x#/../../orders/1",
    "http://api.example.com/orders/1",
    "http://api.example.com/static/../orders/1",
    "http://api.example.com/static/x/../../orders/1#x",
    "http://static/orders/1",
    "/orders/1%0a",
    "/orders/%c0%ae%c0%ae/static/x",
    "orders/1",
    "*",
    "",
    "/check",
    "/_forward_auth",
    "/keys",
]


def normal(path: str) -> str:
    """Return *path* as the most lenient program reads it: decoded twice, without parameters."""
    decoded = unquote(unquote(path.partition("?")[0])).replace("\\", "/")
    kept: list[str] = []
    for segment in re.sub(r";[^/]*", "", decoded).split("/"):
        if segment == "..":
            kept = kept[:-1]
        elif segment not in {"", "."}:
            kept.append(segment)
    return "/" + "/".join(kept)


@PROXIES
@pytest.mark.parametrize("target", CONFUSIONS)
@pytest.mark.parametrize("token", [None, OTHER], ids=["no token", "other scope"])
def test_path_that_programs_read_differently_opens_nothing(
    served: Site, target: str, token: str | None
) -> None:
    """The application receives nothing but a path that every program reads as a public one."""
    reply = served.send(target, token=token)
    if reply.path is None:
        assert reply.status in {301, 302, 307, 308, 400, 401, 403, 404, 405}
    else:
        assert normal(reply.path).startswith("/static/")
        assert ".." not in unquote(unquote(reply.path))


@PROXIES
@pytest.mark.parametrize(
    "target", ["/orders/../orders/1", "/orders/a%2fb", "/orders/a;b", "/orders//1"]
)
def test_ambiguous_path_is_rejected_even_with_the_right_token(served: Site, target: str) -> None:
    """400, which nginx has as 500 until the page's mapping."""
    reply = served.send(target, token=READER)
    assert (reply.status, reply.received) == (400, None)


@PROXIES
@pytest.mark.parametrize("method", ["get", "WEBSOCKET", "G@T", "PUT "])
def test_method_that_no_rule_has_opens_nothing(served: Site, method: str) -> None:
    """Methods are compared as they are written."""
    reply = served.send("/orders/1", method=method, token=READER)
    assert reply.status in {400, 403, 405}
    assert reply.received is None


@PROXIES
def test_two_tokens_are_rejected(served: Site) -> None:
    """Both reach the service; or the proxy rejects them itself."""
    reply = served.send("/orders/1", ("Authorization", f"Bearer {OTHER}"), token=READER)
    assert (reply.status, reply.received) == (400, None)


async def failing(scope: Connection, receive: Receive, send: Send) -> None:
    """Fail, as a program with an error does."""
    raise RuntimeError((scope["type"], receive, send))


@BOTH
def test_service_that_fails_is_an_outage(proxy: str, tmp_path: Path) -> None:
    """A service that raises, and nothing that listens at its address."""
    with site(proxy, tmp_path, failing) as running:
        reply = running.send("/orders/1", token=READER)
        assert reply.received is None
        assert reply.status in {500, 503}

    def without_service(text: str) -> str:
        return text.replace(":9091", ":9")

    with site(proxy, tmp_path, failing, without_service) as running:
        reply = running.send("/orders/1", token=READER)
        assert reply.received is None
        assert reply.status in {502, 503}


@BOTH
def test_wrong_secret_is_rejected(proxy: str, tmp_path: Path) -> None:
    """As if a stranger had sent the request."""
    with site(proxy, tmp_path, service(proxy), lambda t: t.replace(SECRET, "0" * 32)) as running:
        reply = running.send("/orders/1", token=READER)
        assert (reply.status, reply.received) == (403, None)


@pytest.mark.needs("caddy")
@pytest.mark.parametrize(
    ("edit", "settings"),
    [
        pytest.param(
            lambda t: t.replace("\troute {", "\troute {\n\t\turi strip_prefix /api"),
            {"strips_prefix": True},
            id="stripped before",
        ),
        pytest.param(
            lambda t: t.replace(
                "\t\treverse_proxy", "\t\turi strip_prefix /api\n\t\treverse_proxy"
            ),
            {},
            id="stripped after",
        ),
        pytest.param(lambda t: t, {}, id="kept"),
    ],
)
def test_prefix_is_kept_or_stripped_by_caddy(
    edit: Callable[[str], str], settings: dict[str, Any], tmp_path: Path
) -> None:
    """Rules are without the prefix; a DPoP proof is for the whole path."""
    key = DPoPKey()
    own = guard(dpop=DPoP())
    app = service("caddy", guard=own, prefix="/api", **settings)
    with site("caddy", tmp_path, app, edit) as running:
        _check_prefix(running, key)


@pytest.mark.needs("nginx")
@pytest.mark.parametrize("below", ["", "/"], ids=["kept", "stripped"])
def test_prefix_is_kept_or_stripped_by_nginx(below: str, tmp_path: Path) -> None:
    """`$request_uri` has the prefix in both cases."""
    app = service("nginx", guard=guard(dpop=DPoP()), prefix="/api")

    def edit(text: str) -> str:
        changed = text.replace("location / {", "location /api/ {")
        return changed.replace("http://127.0.0.1:8000;", f"http://127.0.0.1:8000{below};")

    with site("nginx", tmp_path, app, edit) as running:
        _check_prefix(running, DPoPKey())


def _check_prefix(running: Site, key: DPoPKey) -> None:
    assert running.send("/api/orders/1", token=READER).status == 200
    assert running.send("/api/orders/1", token=OTHER).status == 403
    assert running.send("/api/static/x").status == 200
    assert running.send("/api/static/../orders/1").received is None
    assert running.send("/api/api/orders/1", token=READER).received is None
    assert running.send("/orders/1", token=OTHER).received is None
    bound = LOCAL.token("orders:read", cnf=key.cnf)
    for path, status in (("/api/orders/1", 200), ("/orders/1", 401)):
        proof = key.proof(bound, "GET", f"{RESOURCE}{path}")
        fields = (("Authorization", f"DPoP {bound}"), ("DPoP", proof))
        assert running.send("/api/orders/1", *fields).status == status


@BOTH
def test_bound_token_needs_the_certificate_that_the_proxy_forwards(
    proxy: str, tmp_path: Path
) -> None:
    """A certificate in a client's own field counts for nothing."""
    certificate, other = ClientCertificate(), ClientCertificate()
    source = ForwardedCertificate("escaped-pem", secret=("X-Proxy-Secret", SECRET))
    app = service(proxy, guard=guard(certificates=source))
    token = LOCAL.token("orders:read", cnf={"x5t#S256": certificate.thumbprint})
    for sent, status in ((certificate, 200), (other, 401), (None, 401)):
        value = "" if sent is None else sent.escaped_pem

        def edit(text: str, value: str = value) -> str:
            """Write a certificate as a proxy that terminates TLS does."""
            field = "X-SSL-Client-Cert"
            if proxy == "nginx":
                line = f'proxy_set_header {field} "{value}";\n        '
                return text.replace(
                    "proxy_set_header X-Original-Method",
                    f"{line}proxy_set_header X-Original-Method",
                )
            return text.replace(
                "\t\t\theader_up", f'\t\t\theader_up {field} "{value}"\n\t\t\theader_up', 1
            )

        with site(proxy, tmp_path, app, edit) as running:
            forged = ("X-SSL-Client-Cert", certificate.escaped_pem)
            assert running.send("/orders/1", forged, token=token).status == status


@BOTH
def test_assertion_takes_the_place_of_plain_fields(proxy: str, tmp_path: Path) -> None:
    """The application receives it alone."""
    assertion = Assertion("https://edge.test", "https://orders.test", key=[signing_key_pem()])
    with site(proxy, tmp_path, service(proxy, assertion=assertion)) as running:
        reply = running.send("/orders/1", *FORGED, token=READER)
        found = {name: reply.value(name.lower()) for name in IDENTITY_FIELDS}
        assert found.pop("X-Auth-Assertion").count(".") == 2
        assert set(found.values()) == {""}
        assert not running.send("/static/x", *FORGED).value("x-auth-assertion")
