"""RFC 9701, signed answers about tokens: asked for, checked, and never mistaken for tokens."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import jwt
import pytest

from oauth_guard.testing import SigningKey
from tests.acceptance.standards.api import ISSUER, NOW, RESOURCE, Api
from tests.acceptance.standards.opaque import OpaqueApi, admitted
from tests.acceptance.standards.outcome import expect

KIND = "application/token-introspection+jwt"
TYPE = {"typ": "token-introspection+jwt"}
ACTIVE = {"active": True, "sub": "u1", "aud": RESOURCE}


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good answer with *changes*; `None` leaves a claim out."""
    good = {"iss": ISSUER, "aud": "api", "iat": NOW, "token_introspection": ACTIVE}
    return {name: value for name, value in (good | changes).items() if value is not None}


def answering(api: OpaqueApi, text: str, kind: str = KIND) -> None:
    """Let the endpoint answer with *text*."""
    api.at_endpoint(lambda _: httpx.Response(200, text=text, headers={"content-type": kind}))


def sign(
    api: OpaqueApi,
    members: Mapping[str, Any],
    header: Mapping[str, Any] = TYPE,
    key: SigningKey | None = None,
) -> str:
    """Return *members* signed by the issuer, or by another *key*."""
    return (key or api.authority.keys[0]).sign(json.dumps(members).encode(), header)


@pytest.mark.conformance("9701-01")
async def test_a_signed_answer_is_asked_for() -> None:
    """By its media type, and it is believed."""
    api = OpaqueApi(signed=True)
    admitted(await api.get(token=api.opaque()), sub="u1")
    (request,) = api.questions
    assert request.headers["accept"] == KIND


@pytest.mark.conformance("9701-02")
@pytest.mark.parametrize(
    "header", [{"typ": None}, {"typ": "JWT"}, {"typ": "at+jwt"}], ids=["absent", "JWT", "at+jwt"]
)
async def test_it_has_a_type_of_its_own(header: Mapping[str, Any]) -> None:
    """Another JWT of the issuer is none."""
    api = OpaqueApi(signed=True)
    answering(api, sign(api, claims(), header))
    expect(await api.get(token="opaque-1"), "503")


@pytest.mark.conformance("9701-02")
async def test_it_has_a_media_type_of_its_own() -> None:
    """A signed answer that is called something else is none."""
    api = OpaqueApi(signed=True)
    answering(api, sign(api, claims()), "application/jwt")
    expect(await api.get(token="opaque-1"), "503")
    answering(api, sign(api, claims()))
    admitted(await api.get(token="opaque-1"), sub="u1")


@pytest.mark.conformance("9701-02")
async def test_its_signature_is_the_issuers() -> None:
    """Neither another key, nor another text, nor no signature."""
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
        answering(api, text)
        expect(await api.get(token="opaque-1"), "503")


@pytest.mark.conformance("9701-03")
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"iss": None}, id="no iss"),
        pytest.param({"iss": f"{ISSUER}/"}, id="another iss"),
        pytest.param({"aud": None}, id="no aud"),
        pytest.param({"aud": "other"}, id="another aud"),
        pytest.param({"iat": None}, id="no iat"),
        pytest.param({"iat": str(NOW)}, id="iat a string"),
        pytest.param({"iat": NOW - 3600}, id="iat an hour ago"),
    ],
)
async def test_it_is_from_the_issuer_for_us_and_new(changes: dict[str, Any]) -> None:
    """An answer to somebody else, or of another day, says nothing here."""
    api = OpaqueApi(signed=True)
    answering(api, sign(api, claims(**changes)))
    expect(await api.get(token="opaque-1"), "503")


@pytest.mark.conformance("9701-04")
async def test_only_what_is_said_about_the_token_counts() -> None:
    """The other members are about the answer."""
    api = OpaqueApi(signed=True)
    members = claims(active=True, sub="u1", token_introspection={"active": False})
    answering(api, sign(api, members))
    expect(await api.get(token="opaque-1"), "401 invalid_token")


@pytest.mark.conformance("9701-05")
async def test_there_is_no_downgrade() -> None:
    """A plain answer says nothing where a signed one was asked for."""
    api = OpaqueApi(signed=True)
    answering(api, json.dumps(ACTIVE), "application/json")
    expect(await api.get(token="opaque-1"), "503")


@pytest.mark.conformance("9701-06")
async def test_an_answer_is_no_access_token() -> None:
    """Presented as one, it is refused: by who checks signatures, and by who asks."""
    signing = Api()
    asking = OpaqueApi()
    said = claims(**ACTIVE, exp=NOW + 300, client_id="c1", jti="j1")
    assert said["aud"] == RESOURCE
    for api in (signing, asking):
        token = api.authority.keys[0].sign(json.dumps(said).encode(), TYPE)
        expect(await api.get(token=token), "401 invalid_token")
    assert asking.questions == []
