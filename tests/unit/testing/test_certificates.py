"""ClientCertificate is a real certificate, in each spelling that servers and proxies use."""

import ssl
from pathlib import Path
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from oauth_guard.errors import InvalidRequest
from oauth_guard.protocol.mtls import CertificateFormat, forwarded_thumbprint, pem_thumbprint
from oauth_guard.testing.certificates import CERTIFICATE_ATTACKS, ClientCertificate


def test_certificate_has_its_name_and_its_key() -> None:
    """One object is one certificate."""
    made = ClientCertificate("ada")
    read = x509.load_pem_x509_certificate(made.pem.encode())
    assert read.subject.rfc4514_string() == read.issuer.rfc4514_string() == "CN=ada"
    assert read.public_key() == load_pem_private_key(made.private_pem.encode(), None).public_key()
    assert made.cnf == {"x5t#S256": pem_thumbprint(made.pem.encode())}
    assert unquote(made.escaped_pem) == made.pem
    assert made.thumbprint != ClientCertificate("ada").thumbprint


def test_certificate_of_an_authority_is_trusted_by_tls(tmp_path: Path) -> None:
    """The chain verifies, and `ssl` loads certificate and key."""
    authority = ClientCertificate("ca", is_authority=True)
    client = ClientCertificate("client", authority)
    client.certificate.verify_directly_issued_by(authority.certificate)
    files = tmp_path / "certificate", tmp_path / "key"
    files[0].write_text(client.pem)
    files[1].write_text(client.private_pem)
    context = ssl.create_default_context(cadata=authority.pem)
    context.load_cert_chain(*files)


@pytest.mark.parametrize("written_as", list(CERTIFICATE_ATTACKS))
def test_each_format_has_attacks(written_as: str) -> None:
    """By the names that the library gives the formats."""
    certificate = ClientCertificate()
    for attack in CERTIFICATE_ATTACKS[written_as].values():
        headers = [(b"cert", attack(certificate).encode())]
        with pytest.raises(InvalidRequest, match="certificate"):
            forwarded_thumbprint(headers, b"cert", CertificateFormat(written_as))


def test_repr_shows_no_key() -> None:
    """A failing test prints no private key."""
    assert "PRIVATE" not in repr(ClientCertificate())
