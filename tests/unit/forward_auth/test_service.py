"""Only a request of the proxy is decided, and only by the rules and a valid token."""

import logging
from typing import Any

import httpx
import pytest

from oauth_guard import Guard, IntrospectionIssuer, JWTIssuer, Rules
from oauth_guard.asgi import Application
from oauth_guard.errors import ConfigurationError
from oauth_guard.forward_auth import IDENTITY_FIELDS, Assertion, ForwardAuth
from oauth_guard.issuers.client_auth import ClientSecretBasic
from oauth_guard.possession import DPoP, Nonces
from oauth_guard.protocol.requirement import Requirement
from oauth_guard.testing import DPoPKey, LocalIssuer
from tests.builders.reverse_proxy import SECRET, blocks, signing_key_pem

RESOURCE = "https://api.test"
LOCAL = LocalIssuer(audience=RESOURCE)
RULES = Rules([("GET /orders/*", "read"), ("POST /orders", "write")])
PROXY = ("X-Proxy-Secret", SECRET)
# It is still valid when the suite, which imports all files first, gets here.
TOKEN = LOCAL.token("read", exp=4_102_444_800)
FIELDS = {
    "nginx": ("X-Original-Method", "X-Original-URI"),
    "caddy": ("X-Forwarded-Method", "X-Forwarded-Uri"),
    "traefik": ("X-Forwarded-Method", "X-Forwarded-Uri"),
}


def guard(**settings: Any) -> Guard:
    """Return a guard that trusts the local issuer."""
    return Guard(RESOURCE, [JWTIssuer(LOCAL.issuer, keys=LOCAL.jwks)], **settings)


def service(proxy: Any = "nginx", **settings: Any) -> ForwardAuth:
    """Return a service for one kind of proxy."""
    own, rules = settings.pop("guard", None) or guard(), settings.pop("rules", RULES)
    return ForwardAuth(own, rules, **{"proxy": proxy, "secret": PROXY, **settings})


async def send(
    app: Application, method: str, url: str, headers: Any, peer: str = "10.0.0.5"
) -> httpx.Response:
    """Send a request to the service itself."""
    transport = httpx.ASGITransport(app, client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        return await client.request(method, url, headers=headers)


async def check(
    app: Application,
    uri: str,
    method: str = "GET",
    proxy: str = "nginx",
    headers: Any = (),
    token: str | None = TOKEN,
) -> httpx.Response:
    """Send what *proxy* sends about a request of a client."""
    fields = [PROXY, *headers]
    if token is not None:
        fields.append(("Authorization", f"Bearer {token}"))
    if proxy == "envoy":
        return await send(app, method, f"/check{uri}", fields)
    names = FIELDS[proxy]
    return await send(app, "GET", "/check", [*fields, (names[0], method), (names[1], uri)])


KINDS = pytest.mark.parametrize("proxy", ["nginx", "caddy", "traefik", "envoy"])


@KINDS
@pytest.mark.parametrize(
    ("uri", "method", "token", "status"),
    [
        pytest.param("/orders/1?a=b", "GET", TOKEN, 200, id="granted"),
        pytest.param("/orders/1", "HEAD", TOKEN, 200, id="HEAD"),
        pytest.param("/orders/1", "GET", None, 401, id="no token"),
        pytest.param("/orders/1", "GET", "x.y.z", 401, id="malformed token"),
        pytest.param("/orders", "POST", TOKEN, 403, id="other scope"),
        pytest.param("/orders/1", "DELETE", TOKEN, 403, id="no rule for the method"),
        pytest.param("/admin", "GET", TOKEN, 403, id="no rule for the path"),
        pytest.param("/orders/a;b", "GET", TOKEN, 400, id="ambiguous"),
        pytest.param("/orders/%2fadmin", "GET", TOKEN, 400, id="encoded slash"),
        pytest.param("//orders/1", "GET", TOKEN, 400, id="empty segment"),
        pytest.param("/static/a", "GET", None, 200, id="public"),
        pytest.param("/static/a;b", "GET", None, 400, id="ambiguous below a public path"),
        pytest.param("/static/a", "POST", None, 401, id="not public for POST"),
    ],
)
async def test_request_passes_only_if_the_rules_allow_the_caller(
    proxy: str, uri: str, method: str, token: str | None, status: int
) -> None:
    """Whatever the kind of the proxy; no response may be cached."""
    app = service(proxy, public=["/static/*"])
    response = await check(app, uri, method, proxy, token=token)
    assert response.status_code == status
    assert response.headers.get_list("cache-control") == ["no-store"]
    present = {name for name in IDENTITY_FIELDS if name in response.headers}
    assert present == (set(IDENTITY_FIELDS) if status == 200 else set())
    assert len(response.headers.get_list("www-authenticate")) == (status in {400, 401, 403})


@KINDS
@pytest.mark.parametrize("secret", [(), (("X-Proxy-Secret", "guess"),), (PROXY, PROXY)])
async def test_request_of_a_stranger_is_rejected_and_logged(
    proxy: str, secret: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Even with a valid token; the response has no challenge and no identity."""
    names = FIELDS.get(proxy, ("X-A", "X-B"))
    fields = [*secret, (names[0], "GET"), (names[1], "/orders/1")]
    fields.append(("Authorization", f"Bearer {TOKEN}"))
    path = "/check/orders/1" if proxy == "envoy" else "/check"
    response = await send(service(proxy), "GET", path, fields)
    assert (response.status_code, response.content) == (403, b"")
    assert response.headers["cache-control"] == "no-store"
    assert "www-authenticate" not in response.headers
    records = [each for each in caplog.records if each.name == "oauth_guard"]
    assert [each.levelno for each in records] == [logging.WARNING]
    assert "10.0.0.5" in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(("peer", "status"), [("10.0.0.5", 200), ("10.0.0.6", 403)])
async def test_peer_is_trusted_by_its_address(peer: str, status: int) -> None:
    """Instead of the secret."""
    app = service(secret=None, unrewritten_peers=["10.0.0.5"])
    fields = [("X-Original-Method", "GET"), ("X-Original-URI", "/orders/1")]
    fields.append(("Authorization", f"Bearer {TOKEN}"))
    assert (await send(app, "GET", "/check", fields, peer)).status_code == status


@pytest.mark.parametrize(
    ("uri", "settings", "status"),
    [
        ("/api/orders/1", {}, 200),
        ("/orders/1", {}, 403),
        ("/apis/orders/1", {}, 403),
        ("/api/api/orders/1", {}, 403),
        ("/orders/1", {"strips_prefix": True}, 200),
        ("/api/orders/1", {"strips_prefix": True}, 403),
        ("/static/a", {}, 403),
        ("/api/static/a", {}, 200),
    ],
)
async def test_path_that_is_not_below_the_prefix_is_denied(
    uri: str, settings: dict[str, Any], status: int
) -> None:
    """Also under a rule, and on a public path."""
    app = service(prefix="/api", public=["/static/*"], **settings)
    assert (await check(app, uri)).status_code == status


async def test_outage_of_the_issuer_is_503() -> None:
    """Which a proxy must not take for a refusal."""
    down = LocalIssuer("https://down.test", audience=RESOURCE)
    down.outage = lambda _: httpx.Response(500)
    own = Guard(RESOURCE, [JWTIssuer(down.issuer, http=down.http)])
    response = await check(service(guard=own), "/orders/1", token=down.token("read"))
    assert response.status_code == 503
    assert "retry-after" in response.headers


async def test_bound_token_needs_a_proof_for_the_request_of_the_client() -> None:
    """The next nonce is passed on; the challenges are one field, since nginx copies only one."""
    key, own = DPoPKey(), guard(dpop=DPoP(nonces=Nonces(b"n" * 32)))
    app, token = service(guard=own), LOCAL.token("read", cnf=key.cnf)
    missing = await check(app, "/orders/1", token=token)
    assert missing.status_code == 401
    assert len(missing.headers.get_list("www-authenticate")) == 1
    assert "DPoP" in missing.headers["www-authenticate"]
    nonce = None
    for method, expected in (("GET", 401), ("POST", 401), ("GET", 200)):
        proof = key.proof(token, method, f"{RESOURCE}/orders/1", nonce=nonce)
        fields = [("Authorization", f"DPoP {token}"), ("DPoP", proof)]
        response = await check(app, "/orders/1", headers=fields, token=None)
        assert response.status_code == expected
        nonce = response.headers.get("dpop-nonce", nonce)
    assert response.headers.get_list("cache-control") == ["no-store"]


async def test_rule_that_introspects_uses_no_cached_result() -> None:
    """A revoked token is rejected by the next request."""
    local = LocalIssuer(audience=RESOURCE)
    client = ClientSecretBasic("api", "secret")
    own = Guard(RESOURCE, [IntrospectionIssuer(local.issuer, http=local.http, client=client)])
    rules = Rules([("GET /a", Requirement.of("read", introspect=True))])
    app, token = service(guard=own, rules=rules), local.opaque_token("read")
    assert (await check(app, "/a", token=token)).status_code == 200
    local.revoke(token)
    assert (await check(app, "/a", token=token)).status_code == 401
    await own.aclose()


@pytest.mark.parametrize(("origin", "status"), [(RESOURCE, 200), ("https://evil.test", 403)])
async def test_token_of_a_proxy_header_needs_an_origin_of_its_own(origin: str, status: int) -> None:
    """Another site may have sent the request with the cookie of the user."""
    app = service(guard=guard(token_header="X-Token"))
    fields = [("X-Token", TOKEN), ("Origin", origin)]
    assert (await check(app, "/orders/1", headers=fields, token=None)).status_code == status


@pytest.mark.parametrize(
    ("method", "fields", "status"),
    [
        pytest.param("POST", [("Origin", RESOURCE)], 200, id="own page"),
        pytest.param("POST", [("Origin", "https://evil.test")], 403, id="foreign page"),
        pytest.param("POST", [], 403, id="unknown page that writes"),
        pytest.param("GET", [], 200, id="unknown page that reads"),
        pytest.param("GET", [("Sec-Fetch-Site", "same-site")], 403, id="sibling that reads"),
        pytest.param("GET", [("Sec-WebSocket-Key", "a2V5")], 403, id="handshake of no page"),
    ],
)
async def test_token_in_a_cookie_needs_a_page_of_the_own_origin(
    method: str, fields: list[tuple[str, str]], status: int
) -> None:
    """A browser sends the cookie with requests of every site."""
    app = service(guard=guard(bearer_methods=["header", "cookie"]))
    headers = [("Cookie", f"__Host-access_token={LOCAL.token('read write')}"), *fields]
    uri = "/orders" if method == "POST" else "/orders/1"
    response = await check(app, uri, method, headers=headers, token=None)
    assert response.status_code == status


async def test_keys_of_the_assertion_are_published_to_everybody() -> None:
    """Without an assertion, there is no such path."""
    assertion = Assertion("https://edge.test", "https://orders.test", key=[signing_key_pem()])
    app = service(assertion=assertion)
    response = await send(app, "GET", "/keys", ())
    assert [each["use"] for each in response.json()["keys"]] == ["sig"]
    assert response.headers["content-type"] == "application/jwk-set+json"
    assert (await send(app, "POST", "/keys", ())).status_code == 405
    assert (await send(service(), "GET", "/keys", ())).status_code == 404
    signed = (await check(app, "/orders/1")).headers["x-auth-assertion"]
    assert signed.count(".") == 2


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/live", 200),
        ("/ready", 200),
        ("/", 404),
        ("/check/", 404),
        ("/checks", 404),
        ("/.well-known/oauth-protected-resource", 200),
    ],
)
async def test_other_paths_are_health_and_metadata(path: str, status: int) -> None:
    """For others than the proxy."""
    assert (await send(service(), "GET", path, ())).status_code == status


async def test_lifespan_starts_and_closes_the_guard() -> None:
    """The server waits for the start."""
    sent = await _lifespan(service())
    assert [each["type"] for each in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def test_start_that_fails_is_reported_to_the_server() -> None:
    """It then serves nothing."""
    down = LocalIssuer("https://down.test", audience=RESOURCE)
    down.outage = lambda _: httpx.Response(500)
    own = Guard(RESOURCE, [JWTIssuer(down.issuer, http=down.http)], start="fail fast")
    sent = await _lifespan(service(guard=own))
    assert [each["type"] for each in sent] == ["lifespan.startup.failed"]


async def _lifespan(app: ForwardAuth) -> list[Any]:
    sent: list[Any] = []
    messages = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Any:
        return {"type": next(messages)}

    async def keep(message: Any) -> None:
        sent.append(message)

    await app({"type": "lifespan"}, receive, keep)
    return sent


async def test_websocket_is_closed() -> None:
    """A proxy asks over HTTP alone."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def keep(message: Any) -> None:
        sent.append(message)

    await service()({"type": "websocket", "path": "/check", "headers": []}, receive, keep)
    assert sent == [{"type": "websocket.close"}]


async def test_observer_receives_each_decision() -> None:
    """With the method of the client's request."""
    decisions: list[Any] = []
    app = service(guard=guard(observers=[decisions.append]))
    await check(app, "/orders/1")
    await check(app, "/orders/1", "DELETE")
    await check(app, "/orders/../1")
    assert [(each.outcome, each.method) for each in decisions if each.method] == [
        ("authenticated", "GET"),
        ("authenticated", "DELETE"),
        ("rejected", "DELETE"),
        ("rejected", "GET"),
    ]


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"rules": Rules([("WEBSOCKET /a", None)])}, "handshake as a GET"),
        ({"rules": Rules([("GET /a", Requirement.of(introspect=True))])}, "introspect"),
        ({"guard": guard(bearer_methods=["header", "body"])}, "receives no body"),
        ({"secret": None}, "ForwardAuth needs secret="),
        ({"proxy": "apache"}, "proxy= takes 'nginx'"),
        ({"public": "/a"}, "takes a list"),
    ],
)
def test_wrong_setting_is_rejected(settings: dict[str, Any], text: str) -> None:
    """With a sentence that says what to write."""
    with pytest.raises(ConfigurationError, match=text):
        service(**settings)


@pytest.mark.parametrize(("language", "count"), [("nginx", 1), ("caddyfile", 1), ("yaml", 2)])
def test_configuration_of_each_proxy_copies_every_identity_field(language: str, count: int) -> None:
    """A field that is left out would let a client's through."""
    found = [text for text in blocks(language) if ":9091" in text]  # others forward nothing
    assert len(found) == count
    for text in found:
        assert [name for name in IDENTITY_FIELDS if name.lower() not in text.lower()] == []
