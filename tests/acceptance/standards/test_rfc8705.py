"""RFC 8705: access tokens that are bound to the certificate of the client."""

from typing import Any

import pytest

from oauth_guard.possession import DPoP, TLSExtension
from oauth_guard.protocol.mtls import pem_thumbprint
from oauth_guard.testing.certificates import ClientCertificate
from oauth_guard.testing.dpop import DPoPKey
from tests.acceptance.standards.api import NOW, RESOURCE, Api, bearer
from tests.acceptance.standards.opaque import OpaqueApi
from tests.acceptance.standards.outcome import expect

TOKEN = "401 invalid_token"
AUTHORITY = ClientCertificate("authority", is_authority=True)
CERTIFICATE = ClientCertificate("client", issuer=AUTHORITY)
OTHER = ClientCertificate("other", issuer=AUTHORITY)

# Appendix A.
EXAMPLE = """-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----
"""
EXAMPLE_THUMBPRINT = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"


def over(certificate: ClientCertificate | str | None) -> dict[str, Any]:
    """Return what a server adds to a connection on which the client showed this certificate."""
    pem = certificate.pem if isinstance(certificate, ClientCertificate) else certificate
    return {"extensions": {"tls": {"client_cert_chain": [pem] if pem else []}}}


def mtls_api(**guard: Any) -> Api:
    """Return the API of the matrix, which reads certificates from the connection."""
    return Api(guard={"certificates": TLSExtension(), **guard})


@pytest.mark.conformance("8705-01")
async def test_token_bound_to_the_certificate_of_the_connection_is_accepted() -> None:
    """The certificate of appendix A, which is long over: only its thumbprint counts."""
    assert pem_thumbprint(EXAMPLE.encode()) == EXAMPLE_THUMBPRINT
    api = mtls_api()
    token = api.token(cnf={"x5t#S256": EXAMPLE_THUMBPRINT})
    for _ in range(2):
        expect(await api.get("/r", token, **over(EXAMPLE)), "200")


@pytest.mark.conformance("8705-02")
@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("certificate", [OTHER, None], ids=["another", "none"])
async def test_token_bound_to_another_certificate_is_rejected(
    certificate: ClientCertificate | None, cached: bool
) -> None:
    """With 401, also once its owner has called."""
    api = mtls_api()
    token = api.token(cnf=CERTIFICATE.cnf)
    if cached:
        expect(await api.get("/r", token, **over(CERTIFICATE)), "200")
    expect(await api.get("/r", token, **over(certificate)), TOKEN)
    denied = await api.connect("/ws", bearer(token), extensions={"websocket.http.response": {}})
    expect(denied, TOKEN)


@pytest.mark.conformance("8705-03")
async def test_confirmation_of_an_introspected_token_is_enforced() -> None:
    """On every use, from the cache too."""
    api = OpaqueApi(cached=True, guard={"certificates": TLSExtension()})
    token = api.opaque(cnf=CERTIFICATE.cnf)
    assert (await api.get("/r", token, **over(CERTIFICATE))).status == 200
    expect(await api.get("/r", token, **over(OTHER)), TOKEN)
    expect(await api.get("/r", token), TOKEN)
    assert (await api.get("/r", token, **over(CERTIFICATE))).status == 200
    assert len(api.introspection_requests) == 1


@pytest.mark.conformance("8705-04")
async def test_self_signed_certificate_is_accepted() -> None:
    """Who signed it does not matter for the binding."""
    api, own = mtls_api(), ClientCertificate()
    expect(await api.get("/r", api.token(cnf=own.cnf), **over(own)), "200")


@pytest.mark.conformance("8705-05")
async def test_certificate_does_not_replace_a_token() -> None:
    """Nor does it bind one; a guard that requires a binding rejects an unbound token."""
    api = mtls_api()
    expect(await api.get("/r", **over(CERTIFICATE)), "401 none")
    expect(await api.get("/r", api.token(), **over(CERTIFICATE)), "200")
    api = mtls_api(binding="mtls")
    for _ in range(2):
        expect(await api.get("/r", api.token(), **over(CERTIFICATE)), TOKEN)
    expect(await api.get("/r", api.token(cnf=CERTIFICATE.cnf), **over(CERTIFICATE)), "200")


async def test_token_that_is_bound_twice_needs_both_proofs() -> None:
    """Each of the two alone is not sufficient (RFC 7800 §3.1)."""
    key = DPoPKey(clock=lambda: NOW)
    api = mtls_api(dpop=DPoP())
    token = api.token(cnf={**key.cnf, **CERTIFICATE.cnf})

    def fields() -> list[tuple[bytes, bytes]]:
        made = key.headers(token, "GET", f"{RESOURCE}/r")
        return [(name.lower().encode(), value.encode()) for name, value in made.items()]

    expect(await api.send("GET", "/r", fields(), **over(CERTIFICATE)), "200")
    expect(await api.send("GET", "/r", fields(), **over(OTHER)), TOKEN)
    expect(await api.send("GET", "/r", fields()), TOKEN)
    expect(await api.get("/r", token, **over(CERTIFICATE)), TOKEN)
