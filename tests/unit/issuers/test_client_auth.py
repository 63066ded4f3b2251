"""Client authentication: what each method sends, rejects, and shows in its repr."""

import base64
from collections.abc import Callable
from urllib.parse import unquote_plus

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard import ConfigurationError
from oauth_guard.issuers.client_auth import (
    BearerToken,
    ClientAuthentication,
    ClientSecretBasic,
    ClientSecretPost,
    MutualTLS,
    PrivateKeyJWT,
)
from oauth_guard.protocol.introspection import ClientProof
from tests.unit.protocol.properties import BOUNDED

ISSUER = "https://as.example.com"
NOW = 1_800_000_000.7
SECRET = "s3cr3t"
PRIVATE = ec.generate_private_key(ec.SECP256R1())
PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def prove(client: ClientAuthentication, nonce: str = "n1") -> ClientProof:
    """Return the header fields and form members of one request."""
    return client.prove(ISSUER, nonce=nonce, now=NOW)


def basic(credentials: str) -> ClientProof:
    """Return the proof with *credentials* in an HTTP Basic header field."""
    encoded = base64.b64encode(credentials.encode()).decode()
    return ClientProof({"authorization": f"Basic {encoded}"}, {})


@pytest.mark.parametrize(
    ("client", "proof"),
    [
        pytest.param(
            ClientSecretBasic("rs:1", "p%:&é"), basic("rs%3A1:p%25%3A%26%C3%A9"), id="basic"
        ),
        pytest.param(ClientSecretBasic("a", "b c+d"), basic("a:b+c%2Bd"), id="basic, a space"),
        pytest.param(ClientSecretBasic("a", "p%:&é", raw=True), basic("a:p%:&é"), id="basic, raw"),
        pytest.param(
            ClientSecretPost("rs:1", "p%:&é"),
            ClientProof({}, {"client_id": "rs:1", "client_secret": "p%:&é"}),
            id="post",
        ),
        pytest.param(MutualTLS("api"), ClientProof({}, {"client_id": "api"}), id="certificate"),
        pytest.param(
            BearerToken("api", "t1"), ClientProof({"authorization": "Bearer t1"}, {}), id="token"
        ),
        pytest.param(
            BearerToken("api", lambda: "t2"),
            ClientProof({"authorization": "Bearer t2"}, {}),
            id="a token function",
        ),
    ],
)
def test_proof_contains_exactly_the_fields_of_its_method(
    client: ClientAuthentication, proof: ClientProof
) -> None:
    """Header fields and form members are compared as a whole."""
    assert prove(client) == proof


@BOUNDED
@given(client_id=st.text(min_size=1), secret=st.text(min_size=1))
def test_any_basic_credentials_are_decoded_to_the_configured_values(
    client_id: str, secret: str
) -> None:
    """The server decodes as RFC 6749 §2.3.1 says."""
    header = prove(ClientSecretBasic(client_id, secret)).headers["authorization"]
    name, _, value = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    assert (unquote_plus(name), unquote_plus(value)) == (client_id, secret)


@pytest.mark.parametrize(
    ("client", "audience", "header"),
    [
        pytest.param(PrivateKeyJWT("api", PEM), ISSUER, {}, id="plain"),
        pytest.param(
            PrivateKeyJWT("api", PEM.decode(), key_id="k1", audience=f"{ISSUER}/introspect"),
            f"{ISSUER}/introspect",
            {"kid": "k1"},
            id="another audience",
        ),
    ],
)
def test_assertion_has_the_nonce_as_jti_and_expires_after_a_minute(
    client: PrivateKeyJWT, audience: str, header: dict[str, str]
) -> None:
    """It has the claims of RFC 7523 §3."""
    proof = prove(client, nonce="n7")
    assertion = proof.form["client_assertion"]
    assert proof.headers == {}
    assert proof.form == {
        "client_id": "api",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }
    assert jwt.get_unverified_header(assertion) == {"alg": "ES256", "typ": "JWT", **header}
    claims = jwt.decode(
        assertion,
        PRIVATE.public_key(),
        algorithms=["ES256"],
        audience=audience,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims == {
        "iss": "api",
        "sub": "api",
        "aud": audience,
        "jti": "n7",
        "iat": 1_800_000_000,
        "exp": 1_800_000_060,
    }


@pytest.mark.parametrize(
    ("build", "text"),
    [
        pytest.param(
            lambda: ClientSecretBasic("", "s"), "none may be empty", id="basic, no client"
        ),
        pytest.param(
            lambda: ClientSecretBasic("a", ""), "none may be empty", id="basic, no secret"
        ),
        pytest.param(lambda: ClientSecretBasic("a:b", "s", raw=True), "colon", id="basic, colon"),
        pytest.param(lambda: ClientSecretPost("a", ""), "none may be empty", id="post, no secret"),
        pytest.param(lambda: MutualTLS(""), "none may be empty", id="certificate, no client"),
        pytest.param(lambda: BearerToken("a", ""), "none may be empty", id="token, none"),
        pytest.param(lambda: PrivateKeyJWT("", PEM), "none may be empty", id="key, no client"),
        pytest.param(lambda: PrivateKeyJWT("api", b"no PEM"), "key of api", id="key, no PEM"),
        pytest.param(
            lambda: PrivateKeyJWT("api", PEM, algorithm="RS256"), "ES256", id="key, algorithm"
        ),
    ],
)
def test_unusable_credentials_are_a_configuration_error(
    build: Callable[[], object], text: str
) -> None:
    """They are rejected before any request."""
    with pytest.raises(ConfigurationError, match=text):
        build()


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(ClientSecretBasic("api", SECRET), id="basic"),
        pytest.param(ClientSecretPost("api", SECRET), id="post"),
        pytest.param(BearerToken("api", SECRET), id="token"),
        pytest.param(PrivateKeyJWT("api", PEM), id="key"),
        pytest.param(MutualTLS("api"), id="certificate"),
    ],
)
def test_repr_contains_the_client_id_and_no_secret(client: ClientAuthentication) -> None:
    """A traceback or a log may show it."""
    assert "api" in repr(client)
    assert client.client_id == "api"
    assert SECRET not in repr(client)
    assert "PRIVATE" not in repr(client)
