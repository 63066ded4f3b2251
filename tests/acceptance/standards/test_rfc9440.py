"""RFC 9440: the client's certificate in a field that a proxy writes."""

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from oauth_guard.possession import ForwardedCertificate, TLSExtension
from oauth_guard.testing.certificates import CERTIFICATE_ATTACKS, ClientCertificate
from tests.acceptance.standards.api import Api, bearer, record_identity
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import Headers
from tests.unit.protocol.test_mtls import CLIENT_CERT, CLIENT_CERT_THUMBPRINT

TOKEN = "401 invalid_token"
BAD_REQUEST = "400 invalid_request"
CERTIFICATE = ClientCertificate()
SECRET = "0123456789abcdef"
FROM_PROXY = (b"x-proxy-secret", SECRET.encode())


def client_cert(value: str = CERTIFICATE.client_cert) -> tuple[bytes, bytes]:
    """Return the field that a proxy writes."""
    return b"client-cert", value.encode()


def proxied_api() -> Api:
    """Return the API of the matrix behind a proxy with a secret."""
    source = ForwardedCertificate("client-cert", secret=("X-Proxy-Secret", SECRET))
    return Api(guard={"certificates": source}, routes=[Route("/fields", fields)])


async def fields(request: Request) -> JSONResponse:
    """Respond with the names of the header fields that the application sees."""
    record_identity(request)
    return JSONResponse(sorted(request.headers))


@pytest.mark.conformance("9440-01")
@pytest.mark.parametrize("guard", [{}, {"certificates": TLSExtension()}], ids=["off", "TLS"])
async def test_field_is_ignored_unless_it_is_configured(guard: dict[str, TLSExtension]) -> None:
    """A guard that reads the certificate of the connection does not read it either."""
    api = Api(guard=guard)
    token = api.token(cnf=CERTIFICATE.cnf)
    expect(await api.send("GET", "/r", (*bearer(token), client_cert(), FROM_PROXY)), TOKEN)


@pytest.mark.conformance("9440-02")
async def test_field_of_a_stranger_is_ignored() -> None:
    """Also once the owner of the token has called through the proxy."""
    api = proxied_api()
    token = api.token(cnf=CERTIFICATE.cnf)
    for wrong in ((), ((b"x-proxy-secret", b"0123456789abcdeX"),), (FROM_PROXY, FROM_PROXY)):
        expect(await api.send("GET", "/r", (*bearer(token), client_cert(), *wrong)), TOKEN)
        expect(await api.send("GET", "/r", (*bearer(token), client_cert(), FROM_PROXY)), "200")


@pytest.mark.conformance("9440-02")
async def test_field_is_trusted_by_the_address_of_the_peer_if_that_is_declared() -> None:
    """Another peer is a stranger."""
    source = ForwardedCertificate("client-cert", unrewritten_peers=["192.0.2.1"])
    api = Api(guard={"certificates": source})
    token = api.token(cnf=CERTIFICATE.cnf)
    expect(await api.send("GET", "/r", (*bearer(token), client_cert())), "200")
    stranger = ("192.0.2.2", 50000)
    response = await api.send("GET", "/r", (*bearer(token), client_cert()), client=stranger)
    expect(response, TOKEN)


@pytest.mark.conformance("9440-03")
async def test_byte_sequence_of_the_standard_is_read() -> None:
    """Its thumbprint is that of the bytes between the colons."""
    api = proxied_api()
    token = api.token(cnf={"x5t#S256": CLIENT_CERT_THUMBPRINT})
    headers = (*bearer(token), client_cert(CLIENT_CERT), FROM_PROXY)
    expect(await api.send("GET", "/r", headers), "200")


@pytest.mark.conformance("9440-03")
@pytest.mark.parametrize("name", CERTIFICATE_ATTACKS["client-cert"])
async def test_malformed_value_is_a_bad_request(name: str) -> None:
    """Each variant of the kit."""
    api = proxied_api()
    value = CERTIFICATE_ATTACKS["client-cert"][name](CERTIFICATE)
    headers = (*bearer(api.token(cnf=CERTIFICATE.cnf)), client_cert(value), FROM_PROXY)
    expect(await api.send("GET", "/r", headers), BAD_REQUEST)


@pytest.mark.conformance("9440-04")
@pytest.mark.parametrize(
    "sent",
    [
        pytest.param((client_cert(), client_cert()), id="two lines"),
        pytest.param(
            (client_cert(f"{CERTIFICATE.client_cert}, {CERTIFICATE.client_cert}"),), id="list"
        ),
        pytest.param(((b"client-cert-chain", b":AAAA:"),), id="chain alone"),
    ],
)
async def test_field_is_sent_once_and_its_chain_never_alone(sent: Headers) -> None:
    """§2.2 and §2.3."""
    api = proxied_api()
    token = api.token(cnf=CERTIFICATE.cnf)
    expect(await api.send("GET", "/r", (*bearer(token), *sent, FROM_PROXY)), BAD_REQUEST)


@pytest.mark.conformance("9440-05")
async def test_response_varies_on_the_field() -> None:
    """§2.4; not where the certificate did not matter."""
    api = proxied_api()
    token = api.token(cnf=CERTIFICATE.cnf)
    response = await api.send("GET", "/r", (*bearer(token), client_cert(), FROM_PROXY))
    assert response.lines("vary") == ["client-cert"]
    response = await api.send("GET", "/r", (*bearer(api.token()), client_cert(), FROM_PROXY))
    assert response.lines("vary") == []


@pytest.mark.conformance("9440-02")
@pytest.mark.parametrize("sent", [(FROM_PROXY,), ()], ids=["proxy", "stranger"])
async def test_application_sees_neither_certificate_nor_secret(sent: Headers) -> None:
    """Whoever sent them; on public paths too."""
    source = ForwardedCertificate("client-cert", secret=("X-Proxy-Secret", SECRET))
    api = Api(
        guard={"certificates": source},
        routes=[Route("/fields", fields)],
        middleware={"public": ["/fields"]},
    )
    chain = (b"Client-Cert-Chain", b":AAAA:")
    headers = (client_cert(), chain, (b"accept", b"*/*"), *sent)
    response = await api.send("GET", "/fields", headers)
    assert response.body == b'["accept","host"]'
    api = proxied_api()
    response = await api.send("GET", "/fields", (*bearer(api.token()), *headers))
    assert response.body == b'["accept","authorization","host"]'
