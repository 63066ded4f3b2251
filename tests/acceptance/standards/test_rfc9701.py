"""RFC 9701, signed introspection responses: requested, verified, and never accepted as tokens."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import jwt
import pytest

from oauth_guard import Guard
from oauth_guard.testing import SigningKey
from tests.acceptance.standards.api import ISSUER, NOW, RESOURCE, Api
from tests.acceptance.standards.opaque import OpaqueApi, expect_identity
from tests.acceptance.standards.outcome import expect

KIND = "application/token-introspection+jwt"
TYPE = {"typ": "token-introspection+jwt"}
ACTIVE = {"active": True, "sub": "u1", "aud": RESOURCE}


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a valid response with *changes*; `None` removes a claim."""
    good = {"iss": ISSUER, "aud": "api", "iat": NOW, "token_introspection": ACTIVE}
    return {name: value for name, value in (good | changes).items() if value is not None}


def serve_text(api: OpaqueApi, text: str, kind: str = KIND) -> None:
    """Make the endpoint respond with *text*."""
    api.replace_endpoint(lambda _: httpx.Response(200, text=text, headers={"content-type": kind}))


def sign(
    api: OpaqueApi,
    members: Mapping[str, Any],
    header: Mapping[str, Any] = TYPE,
    key: SigningKey | None = None,
) -> str:
    """Return *members* signed by the issuer, or by another *key*."""
    return (key or api.authority.keys[0]).sign(json.dumps(members).encode(), header)


@pytest.mark.conformance("9701-01")
async def test_signed_response_is_requested_and_used() -> None:
    """The Accept header has its media type."""
    api = OpaqueApi(signed=True)
    expect_identity(await api.get(token=api.opaque()), sub="u1")
    (request,) = api.introspection_requests
    assert request.headers["accept"] == KIND


@pytest.mark.conformance("9701-02")
@pytest.mark.parametrize(
    "header", [{"typ": None}, {"typ": "JWT"}, {"typ": "at+jwt"}], ids=["absent", "JWT", "at+jwt"]
)
async def test_signed_response_of_another_type_is_rejected(header: Mapping[str, Any]) -> None:
    """`typ` must be that of RFC 9701."""
    api = OpaqueApi(signed=True)
    serve_text(api, sign(api, claims(), header))
    expect(await api.get(token="opaque-1"), "503")


@pytest.mark.conformance("9701-02")
async def test_signed_response_of_another_media_type_is_rejected() -> None:
    """With the right one it is accepted."""
    api = OpaqueApi(signed=True)
    serve_text(api, sign(api, claims()), "application/jwt")
    expect(await api.get(token="opaque-1"), "503")
    serve_text(api, sign(api, claims()))
    expect_identity(await api.get(token="opaque-1"), sub="u1")


@pytest.mark.conformance("9701-02")
async def test_signed_response_without_valid_signature_is_rejected() -> None:
    """Another key, another text, no signature."""
    api = OpaqueApi(signed=True)
    head, body, signature = sign(api, claims()).split(".")
    _, other, _ = sign(api, claims(token_introspection={**ACTIVE, "sub": "u2"})).split(".")
    unsigned = jwt.encode(claims(), "", algorithm="none", headers={**TYPE})
    for text in (
        sign(api, claims(), key=SigningKey("k1")),
        f"{head}.{other}.{signature}",
        f"{head}.{body}.",
        unsigned,
        f"{unsigned}{signature}",
    ):
        serve_text(api, text)
        expect(await api.get(token="opaque-1"), "503")


@pytest.mark.conformance("9701-03")
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"iss": None}, id="no iss"),
        pytest.param({"iss": f"{ISSUER}/"}, id="another iss"),
        pytest.param({"aud": None}, id="no aud"),
        pytest.param({"aud": "other"}, id="another aud"),
        pytest.param({"exp": NOW - 3600}, id="expired"),
        pytest.param({"nbf": NOW + 3600}, id="not valid yet"),
        pytest.param({"exp": str(NOW + 60)}, id="exp a string"),
        pytest.param({"iat": None}, id="no iat"),
        pytest.param({"iat": str(NOW)}, id="iat a string"),
        pytest.param({"iat": NOW - 3600}, id="iat an hour ago"),
    ],
)
async def test_signed_response_of_wrong_issuer_audience_or_time_is_rejected(
    changes: dict[str, Any],
) -> None:
    """It must be for this resource server and recent."""
    api = OpaqueApi(signed=True)
    serve_text(api, sign(api, claims(**changes)))
    expect(await api.get(token="opaque-1"), "503")


@pytest.mark.conformance("9701-03")
async def test_signed_response_may_name_the_resource_as_audience() -> None:
    """As in the example of §5; not if guards of two resources use the issuer."""
    api = OpaqueApi(signed=True)
    serve_text(api, sign(api, claims(aud=[RESOURCE])))
    expect_identity(await api.get(token="opaque-1"), sub="u1")
    Guard(f"{RESOURCE}/other", [api.introspecting])
    expect(await api.get(token="opaque-2"), "503")
    serve_text(api, sign(api, claims()))
    expect_identity(await api.get(token="opaque-2"), sub="u1")


@pytest.mark.conformance("9701-04")
async def test_only_the_token_introspection_member_is_used() -> None:
    """The other claims describe the response itself."""
    api = OpaqueApi(signed=True)
    members = claims(active=True, sub="u1", token_introspection={"active": False})
    serve_text(api, sign(api, members))
    expect(await api.get(token="opaque-1"), "401 invalid_token")


@pytest.mark.conformance("9701-05")
async def test_unsigned_response_is_rejected_if_signed_is_requested() -> None:
    """There is no downgrade."""
    api = OpaqueApi(signed=True)
    serve_text(api, json.dumps(ACTIVE), "application/json")
    expect(await api.get(token="opaque-1"), "503")


@pytest.mark.conformance("9701-06")
async def test_signed_response_is_rejected_as_access_token() -> None:
    """By the JWT issuer and by the introspecting issuer."""
    signing = Api()
    introspecting = OpaqueApi()
    members = claims(**ACTIVE, exp=NOW + 300, client_id="c1", jti="j1")
    assert members["aud"] == RESOURCE
    for api in (signing, introspecting):
        token = api.authority.keys[0].sign(json.dumps(members).encode(), TYPE)
        expect(await api.get(token=token), "401 invalid_token")
    assert introspecting.introspection_requests == []
