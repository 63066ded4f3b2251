"""A client certificate is read from one header field in one strict format, or refused."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.errors import InvalidRequest, Reason
from oauth_guard.protocol.mtls import (
    MAX_CERTIFICATE_BYTES,
    CertificateFormat,
    certificate_thumbprint,
    forwarded_thumbprint,
    pem_thumbprint,
)
from oauth_guard.testing.certificates import CERTIFICATE_ATTACKS, ClientCertificate
from tests.unit.protocol.properties import BOUNDED

# RFC 8705 appendix A.
EXAMPLE_PEM = """-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----
"""
EXAMPLE_THUMBPRINT = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"
EXAMPLE_HASH = "0380ed2f626650c840b2f263e6d2b29fae12ab39ae5db32b25ad27efad72e6fd"

# RFC 9440 §2.2 and appendix A.
CLIENT_CERT = (
    ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNV"
    "BAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMM"
    "AkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3Y"
    "C8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYC"
    "uiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRj"
    "QGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEA"
    "x/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:"
)
CLIENT_CERT_THUMBPRINT = "v68ffgcPn6jdYpBfFY2nP4ShE2Yk-6_Mk5PI9yh6aes"

CERTIFICATE = ClientCertificate()
ESCAPED = quote(EXAMPLE_PEM, safe="")
HEADER, PEM, XFCC = CertificateFormat
ATTACKS = [
    pytest.param(CertificateFormat(written_as), name, id=f"{written_as}: {name}")
    for written_as, attacks in CERTIFICATE_ATTACKS.items()
    for name in attacks
]
FAULTS = {
    "too large": Reason.CERTIFICATE_TOO_LONG,
    "two elements": Reason.SEVERAL_CERTIFICATES,
    "an element of another": Reason.SEVERAL_CERTIFICATES,
    "two hashes": Reason.SEVERAL_CERTIFICATES,
    "two certificates": Reason.SEVERAL_CERTIFICATES,
}

REASONS = {
    Reason.SEVERAL_CERTIFICATES,
    Reason.CERTIFICATE_TOO_LONG,
    Reason.MALFORMED_CERTIFICATE,
}


def read(value: str, written_as: CertificateFormat) -> str | Reason | None:
    """Return the thumbprint of the forwarded certificate, or why it is refused."""
    try:
        return forwarded_thumbprint([(b"Cert", value.encode())], b"cert", written_as)
    except InvalidRequest as error:
        return error.reason


def test_thumbprint_of_the_standards_certificate() -> None:
    """RFC 8705 appendix A."""
    assert pem_thumbprint(EXAMPLE_PEM.encode()) == EXAMPLE_THUMBPRINT
    assert pem_thumbprint(EXAMPLE_PEM.rstrip().encode()) == EXAMPLE_THUMBPRINT


@pytest.mark.parametrize(
    ("value", "written_as", "thumbprint"),
    [
        pytest.param(CLIENT_CERT, HEADER, CLIENT_CERT_THUMBPRINT, id="byte sequence"),
        pytest.param(f" {CLIENT_CERT}\t", HEADER, CLIENT_CERT_THUMBPRINT, id="white space"),
        pytest.param(ESCAPED, PEM, EXAMPLE_THUMBPRINT, id="escaped PEM"),
        pytest.param(ESCAPED.removesuffix("%0A"), PEM, EXAMPLE_THUMBPRINT, id="no last line end"),
        pytest.param(f"Hash={EXAMPLE_HASH}", XFCC, EXAMPLE_THUMBPRINT, id="hash"),
        pytest.param(f"hash={EXAMPLE_HASH.upper()}", XFCC, EXAMPLE_THUMBPRINT, id="upper case"),
        pytest.param(f'Cert="{ESCAPED}"', XFCC, EXAMPLE_THUMBPRINT, id="certificate"),
        pytest.param(f"Cert={ESCAPED}", XFCC, EXAMPLE_THUMBPRINT, id="certificate, not quoted"),
        pytest.param(
            f'By=a;By=b;Hash={EXAMPLE_HASH};Cert="{ESCAPED}";Subject="O=\\"A, B\\";C=D";URI=;DNS=x;'
            "DNS=y",
            XFCC,
            EXAMPLE_THUMBPRINT,
            id="all members",
        ),
    ],
)
def test_forwarded_certificate_is_read(
    value: str, written_as: CertificateFormat, thumbprint: str
) -> None:
    """As the proxies write it."""
    assert read(value, written_as) == thumbprint


@pytest.mark.parametrize("authority", [None, ClientCertificate("ca", is_authority=True)])
@pytest.mark.parametrize("written_as", list(CertificateFormat))
def test_certificate_of_the_kit_is_read(
    authority: ClientCertificate | None, written_as: CertificateFormat
) -> None:
    """Self-signed or not: who signed it makes no difference (RFC 8705 §6.2)."""
    certificate = ClientCertificate(issuer=authority)
    values = {
        HEADER: certificate.client_cert,
        PEM: certificate.escaped_pem,
        XFCC: certificate.xfcc,
    }
    assert read(values[written_as], written_as) == certificate.thumbprint
    assert certificate_thumbprint(certificate.der) == certificate.thumbprint


@pytest.mark.parametrize(("written_as", "name"), ATTACKS)
def test_attack_is_refused(written_as: CertificateFormat, name: str) -> None:
    """Each variant of the kit, for a fixed reason."""
    expected = FAULTS.get(name, Reason.MALFORMED_CERTIFICATE)
    assert read(CERTIFICATE_ATTACKS[written_as][name](CERTIFICATE), written_as) is expected


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(CLIENT_CERT.replace("=", ""), id="no padding"),
        pytest.param(CLIENT_CERT.replace("+", "-").replace("/", "_"), id="base64url"),
        pytest.param(CLIENT_CERT.replace("yhk=", "yhl="), id="unused bits"),
        pytest.param(CLIENT_CERT.replace("yhk=", "yhk=\n"), id="line end"),
        pytest.param(f":{CLIENT_CERT}", id="two colons"),
        pytest.param(":", id="a colon"),
        pytest.param(f"{CLIENT_CERT[:-1]};", id="another end"),
        pytest.param(f";{CLIENT_CERT[1:]}", id="another beginning"),
        pytest.param(CLIENT_CERT.replace("MII", "M I I"), id="spaces"),
        pytest.param(CLIENT_CERT.replace("wIBAgIB", "wIBCgIB"), id="version 11 of X.509"),
    ],
)
def test_byte_sequence_has_one_spelling(value: str) -> None:
    """RFC 9440 §2.1; two parsers never read two certificates."""
    assert read(value, HEADER) is Reason.MALFORMED_CERTIFICATE


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param(EXAMPLE_PEM.replace("\n", "\r\n"), id="other line ends"),
        pytest.param(f"text\n{EXAMPLE_PEM}", id="text before"),
        pytest.param(f"{EXAMPLE_PEM}\n", id="line after"),
        pytest.param(EXAMPLE_PEM * 2, id="two"),
        pytest.param(EXAMPLE_PEM.replace("SY=", "SY"), id="no padding"),
        pytest.param(EXAMPLE_PEM.replace(" CERTIFICATE", " PRIVATE KEY"), id="another label"),
    ],
)
def test_pem_is_one_certificate_alone(pem: str) -> None:
    """What is around it is not skipped."""
    with pytest.raises(InvalidRequest, match=Reason.MALFORMED_CERTIFICATE):
        pem_thumbprint(pem.encode())


@pytest.mark.parametrize(
    "value",
    [
        f'Cert="{ESCAPED}"xURI=',
        f'Cert="{ESCAPED}" ;URI=',
        f'Hash={EXAMPLE_HASH}"URI=x',
        f"Hash={EXAMPLE_HASH};",
        f";Hash={EXAMPLE_HASH}",
        f"Hash ={EXAMPLE_HASH}",
        EXAMPLE_HASH,
    ],
)
def test_members_of_an_element_are_separated_by_semicolons_alone(value: str) -> None:
    """No character is skipped."""
    assert read(value, XFCC) is Reason.MALFORMED_CERTIFICATE


@pytest.mark.parametrize("value", ["-----BEGIN+CERTIFICATE", ESCAPED.replace("%2B", "+")])
def test_plus_sign_is_not_a_space(value: str) -> None:
    """Forms are escaped another way."""
    assert read(value, PEM) is Reason.MALFORMED_CERTIFICATE


@pytest.mark.parametrize("written_as", list(CertificateFormat))
def test_absent_or_empty_field_is_no_certificate(written_as: CertificateFormat) -> None:
    """Proxies send an empty one for a client that has none."""
    assert forwarded_thumbprint([], b"cert", written_as) is None
    assert forwarded_thumbprint([(b"certificate", b"x")], b"cert", written_as) is None
    assert read("", written_as) is None
    assert read(" ", written_as) is None


@pytest.mark.parametrize("second", [CLIENT_CERT.encode(), b""])
def test_second_field_is_refused(second: bytes) -> None:
    """An equal one and an empty one too: one of them is not the proxy's."""
    headers = [(b"client-cert", CLIENT_CERT.encode()), (b"Client-Cert", second)]
    with pytest.raises(InvalidRequest, match=Reason.SEVERAL_CERTIFICATES):
        forwarded_thumbprint(headers, b"client-cert", HEADER)


@pytest.mark.parametrize("written_as", list(CertificateFormat))
def test_chain_alone_is_refused(written_as: CertificateFormat) -> None:
    """RFC 9440 §2.3; with the certificate it is allowed and not read."""
    chain = (b"Client-Cert-Chain", CLIENT_CERT.encode())
    if written_as is HEADER:
        with pytest.raises(InvalidRequest, match=Reason.CHAIN_WITHOUT_CERTIFICATE):
            forwarded_thumbprint([chain], b"client-cert", written_as)
        field = (b"client-cert", CLIENT_CERT.encode())
        both = forwarded_thumbprint([chain, field], b"client-cert", written_as)
        assert both == CLIENT_CERT_THUMBPRINT
    else:
        assert forwarded_thumbprint([chain], b"client-cert", written_as) is None


def test_certificate_is_bounded() -> None:
    """16 KiB, as it comes and decoded."""
    with pytest.raises(InvalidRequest, match=Reason.CERTIFICATE_TOO_LONG):
        certificate_thumbprint(bytes(MAX_CERTIFICATE_BYTES + 1))
    with pytest.raises(InvalidRequest, match=Reason.MALFORMED_CERTIFICATE):
        certificate_thumbprint(bytes(MAX_CERTIFICATE_BYTES))
    assert read("x" * MAX_CERTIFICATE_BYTES, HEADER) is Reason.MALFORMED_CERTIFICATE
    assert read("x" * (MAX_CERTIFICATE_BYTES + 1), HEADER) is Reason.CERTIFICATE_TOO_LONG


@BOUNDED
@given(st.sampled_from(CertificateFormat), st.text(max_size=40))
def test_text_made_up_is_no_certificate(written_as: CertificateFormat, value: str) -> None:
    """No other error is raised, and nothing made up gives a thumbprint."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return
    assert read(value, written_as) in {None, *REASONS}


@BOUNDED
@given(st.integers(0, 10**9), st.integers(1, 255))
def test_changed_byte_never_keeps_the_thumbprint(position: int, change: int) -> None:
    """Another certificate has another thumbprint, and no spelling of the same one is accepted."""
    value = bytearray(CLIENT_CERT.encode())
    value[position % len(value)] ^= change
    try:
        thumbprint = forwarded_thumbprint([(b"c", bytes(value))], b"c", HEADER)
    except InvalidRequest:
        return
    assert thumbprint != CLIENT_CERT_THUMBPRINT
