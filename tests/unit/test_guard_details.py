"""Each rejection and outage names what it is about to the operator, and shows no claim's value."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Mount, Route

from oauth_guard.fastapi import requires as fastapi_requires
from oauth_guard.starlette import requires
from oauth_guard.testing import SigningKey
from tests.acceptance.standards.api import ISSUER, RESOURCE, Api, handler, plain

HIDDEN = "zzSECRETzz"
JWKS = f"{ISSUER}/jwks"


def _details(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    records = [each for each in caplog.records if hasattr(each, "oauth_guard")]
    facts: dict[str, Any] = vars(records[-1])["oauth_guard"]
    return facts


@pytest.mark.parametrize(
    ("issuer", "changes", "detail"),
    [
        ({}, {"jti": None}, {"claim": "jti"}),
        ({}, {"jti": ""}, {"claim": "jti"}),
        ({}, {"exp": HIDDEN}, {"claim": "exp"}),
        ({}, {"scope": [HIDDEN]}, {"claim": "scope"}),
        ({"scope_array": True}, {"scope": [f"{HIDDEN} b"]}, {"claim": "scope"}),
        ({"scope_array": True}, {"scope": {}}, {"claim": "scope"}),
        ({}, {"aud": [RESOURCE, {HIDDEN: 1}]}, {"claim": "aud"}),
        ({}, {"exp": 1}, {"claim": "exp"}),
        ({}, {"nbf": 9_999_999_999}, {"claim": "nbf"}),
        ({}, {"iat": 9_999_999_999}, {"claim": "iat"}),
        ({"clients": ["c9"]}, {"client_id": HIDDEN}, {"claim": "client_id"}),
        ({"claims": {"org": "acme"}}, {"org": HIDDEN}, {"claim": "org"}),
        ({"claims": lambda claims: claims["org"]}, {}, {"function": "<lambda>"}),
        (
            {},
            {"aud": f"{RESOURCE}/"},
            {
                "expected": RESOURCE,
                "found": f"{RESOURCE}/",
                "hint": "differs by a slash at its end",
            },
        ),
        ({}, {"aud": [f"{HIDDEN} x", "b"]}, {"found": "a text of 12 characters b"}),
        (
            {},
            {"iss": f"{ISSUER}/"},
            {"expected": ISSUER, "found": f"{ISSUER}/", "hint": "differs by a slash at its end"},
        ),
        ({}, {"iss": HIDDEN * 50}, {"found": "a text of 500 characters"}),
        ({}, {"iss": {HIDDEN: 1}}, {"found": "no text"}),
        ({}, {"header": {"typ": "JWT"}}, {"expected": "at+jwt", "found": "JWT"}),
        ({}, {"token_use": "id"}, {"claim": "token_use"}),
    ],
)
async def test_rejection_names_what_is_wrong(
    issuer: Mapping[str, Any],
    changes: Mapping[str, Any],
    detail: Mapping[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The claim and never its value; the names of issuer, audience and type."""
    api = Api(app=plain, issuer=issuer)
    with caplog.at_level(logging.INFO, "oauth_guard"):
        response = await api.get("/r", api.token(**changes))
    assert response.status == 401
    facts = _details(caplog)
    assert {name: facts.get(name) for name in detail} == detail
    assert (facts["method"], facts["path"]) == ("GET", "/r")
    assert HIDDEN not in caplog.text + repr(facts)


def _metadata(**members: Any) -> Callable[[httpx.Request], httpx.Response]:
    document = {"issuer": ISSUER, "jwks_uri": JWKS, **members}
    return lambda _: httpx.Response(200, json=document)


_UNUSABLE = {"keys": [{**SigningKey("kid-7").jwk, "use": "enc"}]}
_SKIPPED = {"skipped": "the key is not for signatures (kid 'kid-7')"}


@pytest.mark.parametrize(
    ("issuer", "outage", "detail"),
    [
        ({"jwks_uri": JWKS}, lambda _: httpx.Response(418), {"url": JWKS, "response": "418"}),
        (
            {"jwks_uri": JWKS},
            lambda _: httpx.Response(200, text="<p>"),
            {"url": JWKS, "response": "no JSON object"},
        ),
        (
            {"jwks_uri": JWKS},
            lambda _: httpx.Response(200, json={"a": "x" * 600_000}),
            {"url": JWKS, "response": "more than 524288 bytes"},
        ),
        (
            {"jwks_uri": JWKS},
            lambda _: httpx.Response(
                200, headers={"content-encoding": "br"}, stream=httpx.ByteStream(b"x")
            ),
            {"url": JWKS, "response": "compressed"},
        ),
        ({"jwks_uri": JWKS}, lambda _: httpx.Response(200, json=_UNUSABLE), _SKIPPED),
        (
            {},
            _metadata(issuer="https://other.test"),
            {"member": "issuer", "expected": ISSUER, "found": "https://other.test"},
        ),
        ({}, _metadata(jwks_uri=None), {"member": "jwks_uri"}),
        ({}, _metadata(jwks_uri="http://a.test"), {"found": "http://a.test"}),
        (
            {},
            lambda _: httpx.Response(200, json={}, headers={"content-type": "text/html"}),
            {"media_type": "text/html"},
        ),
    ],
)
async def test_outage_names_url_and_response(
    issuer: Mapping[str, Any],
    outage: Callable[[httpx.Request], httpx.Response],
    detail: Mapping[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What the issuer sent, and what was expected."""
    api = Api(app=plain, issuer=issuer)
    api.authority.outage = outage
    response = await api.get("/r", api.token())
    assert response.status == 503
    facts = _details(caplog)
    assert {name: facts.get(name) for name in detail} == detail


def _routes() -> list[Any]:
    app = FastAPI()

    @app.get("/r", dependencies=[fastapi_requires("files:read")])
    async def read() -> None: ...

    guarded = requires("files:read")(handler)
    return [Route("/s", guarded), Mount("/f", app), Route("/g", requires(roles=["ops"])(handler))]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/s", "insufficient_scope (required scope files:read)"),
        ("/f/r", json.dumps({"detail": "insufficient_scope (required scope files:read)"})),
        ("/g", "missing_role (required ops)"),
    ],
)
async def test_route_names_its_reason_to_the_developers_browser(path: str, text: str) -> None:
    """With `debug=True` on a loopback host; otherwise the framework's own text."""
    for debug in (True, False):
        guard = {"resource": "http://127.0.0.1:8000", "debug": debug}
        api = Api(guard=guard, issuer={"audience": RESOURCE}, routes=_routes())
        response = await api.get(path, api.token())
        assert response.status == 403
        body = response.body.decode()
        assert (body.replace('": "', '":"') == text.replace('": "', '":"')) is debug
        assert debug or "required" not in body


async def test_middleware_names_detail_and_advice_to_the_developers_browser() -> None:
    """As members of the body, on a loopback host."""
    guard = {"resource": "http://127.0.0.1:8000", "debug": True}
    api = Api(guard=guard)
    response = await api.get("/r", api.token(aud="http://localhost:8000"))
    members = json.loads(response.body)
    assert members["reason"] == "wrong_audience"
    assert members["detail"]["hint"] == "differs by the name of the loopback host"
    assert "JWTIssuer(audience=...)" in members["check"]
