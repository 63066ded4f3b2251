"""The client's certificate is read from the connection, or from a field of a trusted proxy."""

from typing import Any

import pytest

from oauth_guard.errors import ConfigurationError, InvalidRequest
from oauth_guard.protocol.certificate_sources import ForwardedCertificate, TLSExtension
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing.certificates import ClientCertificate

CERTIFICATE = ClientCertificate()
SECRET = "0123456789abcdef"
PROXY = ("X-Proxy-Secret", SECRET)
WRITTEN = {
    "client-cert": (b"client-cert", CERTIFICATE.client_cert.encode()),
    "escaped-pem": (b"x-ssl-client-cert", CERTIFICATE.escaped_pem.encode()),
    "xfcc": (b"x-forwarded-client-cert", CERTIFICATE.xfcc.encode()),
}


def request(*headers: tuple[bytes, bytes], **connection: Any) -> ResourceRequest:
    """Return a request with these header fields."""
    return ResourceRequest({"headers": headers, **connection})


def tls(**members: Any) -> ResourceRequest:
    """Return a request whose server writes the TLS extension."""
    return request(extensions={"tls": members})


@pytest.mark.parametrize(
    ("members", "found"),
    [
        pytest.param({"client_cert_chain": [CERTIFICATE.pem]}, True, id="one"),
        pytest.param({"client_cert_chain": [CERTIFICATE.pem, "x"]}, True, id="with its issuer"),
        pytest.param({"client_cert_chain": iter([CERTIFICATE.pem])}, True, id="an iterator"),
        pytest.param({"client_cert_chain": []}, False, id="none"),
        pytest.param({"client_cert_chain": None}, False, id="null"),
        pytest.param({}, False, id="no chain"),
        pytest.param(
            {"client_cert_chain": [CERTIFICATE.pem], "client_cert_error": "expired"},
            False,
            id="not verified",
        ),
    ],
)
def test_certificate_of_the_connection_is_the_first_of_the_chain(
    members: dict[str, Any], found: bool
) -> None:
    """ASGI TLS extension 0.2."""
    expected = CERTIFICATE.thumbprint if found else None
    assert TLSExtension().thumbprint(tls(**members)) == expected


@pytest.mark.parametrize("connection", [{}, {"extensions": None}, {"extensions": {"tls": None}}])
def test_server_without_the_extension_gives_no_certificate(connection: dict[str, Any]) -> None:
    """Header fields are not read instead."""
    assert TLSExtension().thumbprint(request(*WRITTEN.values(), **connection)) is None


def test_malformed_certificate_of_the_connection_is_rejected() -> None:
    """It is never taken for none."""
    with pytest.raises(InvalidRequest):
        TLSExtension().thumbprint(tls(client_cert_chain=["\ud800"]))


@pytest.mark.parametrize("written_as", WRITTEN)
def test_field_of_a_proxy_is_read_with_its_secret_only(written_as: str) -> None:
    """A field without the secret, or with two, is ignored."""
    source, field = ForwardedCertificate(written_as, secret=PROXY), WRITTEN[written_as]
    secret = (b"X-Proxy-Secret", SECRET.encode())
    assert source.thumbprint(request(field, secret)) == CERTIFICATE.thumbprint
    assert source.thumbprint(request(secret)) is None
    for fields in (
        (field,),
        (field, secret, secret),
        (field, (b"x-proxy-secret", b"0123456789abcdeX")),
        (field, (b"x-proxy-secret", b"")),
        (field, (b"x-proxy-secret", "0123456789abcdé".encode())),
    ):
        assert source.thumbprint(request(*fields)) is None
    assert source.hidden_fields == {field[0], b"client-cert-chain", b"x-proxy-secret"}
    assert source.vary == field[0]


@pytest.mark.parametrize(
    ("client", "trusted"),
    [
        (("10.0.0.5", 1), True),
        (("10.1.2.3", 1), True),
        (("10.0.0.6", 1), False),
        (("::1", 1), False),
        (("testclient", 1), False),
        (("", 0), False),
        (None, False),
    ],
)
def test_field_of_a_proxy_is_read_from_its_address(client: object, trusted: bool) -> None:
    """Where the operator declares that the server gives the address of the TCP peer."""
    source = ForwardedCertificate("xfcc", unrewritten_peers=["10.0.0.5", "10.1.0.0/16"])
    expected = CERTIFICATE.thumbprint if trusted else None
    assert source.thumbprint(request(WRITTEN["xfcc"], client=client)) == expected
    assert source.hidden_fields == {b"x-forwarded-client-cert", b"client-cert-chain"}


def test_name_of_the_field_can_be_set() -> None:
    """In any case; its repr shows no secret."""
    source = ForwardedCertificate("escaped-pem", header="SSL-Client", secret=PROXY)
    value = (b"ssl-client", CERTIFICATE.escaped_pem.encode())
    secret = (b"x-proxy-secret", SECRET.encode())
    assert source.thumbprint(request(value, secret)) == CERTIFICATE.thumbprint
    assert repr(source) == "<ForwardedCertificate: escaped-pem>"


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({}, "one of them says which requests come from the proxy"),
        ({"secret": PROXY, "unrewritten_peers": ["10.0.0.1"]}, "one of them says"),
        ({"secret": ("X-Proxy", "short")}, "16 characters or more"),
        ({"secret": ("X Proxy", SECRET)}, "not the name of a header field"),
        ({"header": "a\n", "secret": PROXY}, "not the name of a header field"),
        ({"unrewritten_peers": "10.0.0.1"}, r'takes a list: \["10.0.0.1"\]'),
        ({"unrewritten_peers": ["proxy"]}, 'addresses and networks like "10.0.0.5"'),
        ({"written_as": "pem", "secret": PROXY}, "written as client-cert, escaped-pem, xfcc"),
    ],
)
def test_wrong_setting_is_refused(settings: dict[str, Any], advice: str) -> None:
    """An address alone is never trusted by default."""
    with pytest.raises(ConfigurationError, match=advice):
        ForwardedCertificate(**{"written_as": "client-cert", **settings})
