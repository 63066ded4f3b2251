"""check_urls() and check_client(): which settings of a policy decision point are rejected."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from oauth_guard import ClientSecretBasic, ConfigurationError, PrivateKeyJWT
from oauth_guard.issuers.client_auth import BearerToken, ClientSecretPost, MutualTLS
from oauth_guard.issuers.policy_settings import check_client, check_urls

PDP = "https://pdp.example.com"
PEM = ec.generate_private_key(ec.SECP256R1()).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)


@pytest.mark.parametrize(
    ("url", "endpoint", "words"),
    [
        ("http://pdp.example.com", None, "https"),
        ("pdp.example.com", None, "https"),
        (f"{PDP}?tenant=1", None, "without query"),
        (f"{PDP}/.well-known/authzen-configuration", None, "identifier"),
        (PDP, "http://pdp.example.com/access/v1/evaluation", "endpoint="),
    ],
)
@pytest.mark.conformance("AZ-22")
def test_url_that_is_no_identifier_is_rejected(url: str, endpoint: str | None, words: str) -> None:
    """With a sentence that says what to write instead."""
    with pytest.raises(ConfigurationError, match=words):
        check_urls(url, endpoint, insecure_http=False)


@pytest.mark.parametrize(
    ("url", "insecure_http"),
    [(PDP, False), (f"{PDP}/t1", False), ("http://127.0.0.1:3592", False), ("http://pdp", True)],
)
def test_identifier_is_an_https_url(url: str, *, insecure_http: bool) -> None:
    """Or an http URL of a loopback host, or of a private network."""
    check_urls(url, f"{url}/access/v1/evaluation", insecure_http=insecure_http)


@pytest.mark.parametrize(
    "client",
    [ClientSecretPost("api", "s"), PrivateKeyJWT("api", PEM)],
    ids=["secret post", "private key jwt"],
)
@pytest.mark.conformance("AZ-23")
def test_client_that_is_sent_in_a_form_is_rejected(client: Any) -> None:
    """The body is JSON, so it would not be sent at all."""
    with pytest.raises(ConfigurationError, match="is sent in a form"):
        check_client(client, None)


@pytest.mark.parametrize(
    ("client", "http"),
    [
        (None, None),
        (ClientSecretBasic("api", "s"), None),
        (BearerToken("api", "t"), None),
        (MutualTLS("api"), object()),
    ],
    ids=["none", "basic", "bearer", "mutual TLS"],
)
def test_client_that_is_sent_in_a_field_or_the_connection_is_accepted(
    client: Any, http: Any
) -> None:
    """None is for a decision point that accepts every sender."""
    check_client(client, http)


@pytest.mark.parametrize("client", [MutualTLS("api"), "api", ClientSecretBasic], ids=str)
def test_client_that_can_not_authenticate_is_rejected(client: Any) -> None:
    """See `check_authentication`."""
    with pytest.raises(ConfigurationError):
        check_client(client, None)
