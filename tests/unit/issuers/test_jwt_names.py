"""JWTIssuer: names of issuers that are no URL, and metadata with another name."""

from typing import Any

import httpx
import pytest

from oauth_guard import ClientSecretBasic, Guard, IntrospectionIssuer, JWTIssuer
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer

API = "https://api.test"
URL = "https://adfs.test/adfs"
NAMES = [
    "tenant.accounts.ondemand.test",
    "chat@system.gserviceaccount.test",
    "kubernetes/serviceaccount",
    "accounts.google.test",
    "my-auth-service",
    "urn:example:sts",
    "did:web:issuer.test",
    "http://adfs.test/adfs/services/trust",
    "https://issuer.test/?tenant=1",
]


def _server(name: str) -> LocalIssuer:
    """Return a server whose tokens have this *name*, and whose metadata is that of `URL`."""
    local = LocalIssuer(name)
    local.metadata |= {"issuer": URL, "jwks_uri": f"{URL}/jwks"}
    local.metadata["introspection_endpoint"] = f"{URL}/introspect"
    local.metadata_url = "https://adfs.test/.well-known/oauth-authorization-server/adfs"
    return local


def _located(local: LocalIssuer) -> list[dict[str, Any]]:
    """Return the settings by which the keys of *local* are found without its name."""
    return [
        {"keys": local.jwks},
        {"jwks_uri": f"{URL}/jwks"},
        {"metadata_issuer": URL},
        {"metadata_issuer": URL, "metadata_url": local.metadata_url},
    ]


@pytest.mark.conformance("8414-04")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", range(4), ids=["keys", "jwks_uri", "metadata", "metadata_url"])
async def test_issuer_with_any_name_is_trusted_if_its_keys_are_located(name: str, way: int) -> None:
    """The name is compared as text (RFC 7519 section 4.1.1)."""
    local = _server(name)
    issuer = JWTIssuer(name, http=local.http, **_located(local)[way])
    guard = Guard(API, [issuer])
    assert (await issuer.validate(RawToken(local.token()))).token.issuer == name
    with pytest.raises(InvalidToken, match=Reason.UNKNOWN_ISSUER):
        await issuer.validate(RawToken(local.token(iss=name.upper())))
    expected = [URL] if way > 1 else []
    assert (
        httpx.Response(200, content=guard.metadata_document).json().get("authorization_servers", [])
        == expected
    )


async def test_shared_secret_needs_no_url() -> None:
    """Nothing is fetched."""
    assert JWTIssuer("my-auth-service", secret=bytes(32)).issuer == "my-auth-service"


@pytest.mark.conformance("8414-01")
async def test_metadata_with_another_name_than_configured_is_rejected() -> None:
    """`metadata_issuer=` is compared like the name of the issuer (RFC 8414 section 3.3)."""
    local = _server("urn:sts")
    local.metadata["issuer"] = f"{URL}/"
    issuer = JWTIssuer("urn:sts", metadata_issuer=URL, http=local.http)
    with pytest.raises(IssuerUnavailable, match=Reason.WRONG_METADATA):
        await issuer.load()


async def test_introspection_issuer_may_have_any_name_if_its_endpoint_is_located() -> None:
    """By `endpoint=`, `metadata_url=` or `metadata_issuer=`, like the keys of a JWTIssuer."""
    for name in NAMES:
        local = _server(name)
        located: list[dict[str, Any]] = [
            {"endpoint": f"{URL}/introspect"},
            {"metadata_issuer": URL},
            {"metadata_issuer": URL, "metadata_url": local.metadata_url},
        ]
        for settings in located:
            client = ClientSecretBasic("api", "secret")
            issuer = IntrospectionIssuer(name, client=client, http=local.http, **settings)
            validation = await issuer.validate(RawToken(local.opaque_token()))
            assert validation.token.issuer == name
            assert issuer.metadata_issuer == settings.get("metadata_issuer")
