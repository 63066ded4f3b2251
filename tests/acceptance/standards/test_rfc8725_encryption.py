"""RFC 8725 on encryption, which is not supported (section 34 of the matrix)."""

import inspect
import time
from collections.abc import Callable

import pytest
from joserfc import jwe
from joserfc.jwk import OctKey, RSAKey

from oauth_guard import JWTIssuer
from oauth_guard.errors import Reason
from oauth_guard.protocol.claim_settings import ClaimSettings
from tests.acceptance.attacks.forgery import attacker_key, by, encode
from tests.acceptance.standards.api import ISSUER, Api, signing_keys
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.raw_jws import claims, compact, header
from tests.acceptance.standards.recorded_response import RecordedResponse


def _to_the_issuer(protected: dict[str, str], plaintext: bytes) -> str:
    """Encrypt to the issuer's public key, as anyone can."""
    key = RSAKey.import_key(signing_keys()[1].private)
    return str(
        jwe.encrypt_compact({"alg": "RSA-OAEP", "enc": "A128GCM", **protected}, plaintext, key)
    )


def _with_a_secret(protected: dict[str, str], plaintext: bytes) -> str:
    key = OctKey.import_key(bytes(16))
    return str(jwe.encrypt_compact({"alg": "dir", "enc": "A128GCM", **protected}, plaintext, key))


def _with_password(iterations: int) -> str:
    """Return a JWE whose password-based key derivation takes this many *iterations*."""
    protected = (
        f'{{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2s":"AAAAAAAAAAA","p2c":{iterations}}}'
    )
    return ".".join([encode(protected.encode()), *(encode(bytes(16)) for _ in range(4))])


async def _rejected_in_time(api: Api, token: str) -> RecordedResponse:
    """Send *token*, and assert that it takes under 0.5 s of CPU and contacts no issuer."""
    assert token.count(".") == 4
    started = time.process_time()
    response = await api.get(token=token)
    assert time.process_time() - started < 0.5
    assert f"401: {Reason.ENCRYPTED_TOKEN}" in response.log
    assert api.authority.requests == []
    return response


@pytest.mark.conformance("8725-04")
@pytest.mark.parametrize("encrypt", [_to_the_issuer, _with_a_secret])
async def test_encrypted_token_is_rejected_without_decryption(
    api: Api, encrypt: Callable[[dict[str, str], bytes], str]
) -> None:
    """Its five segments identify it."""
    token = encrypt({"cty": "JWT", "typ": "at+jwt"}, api.token().encode())
    expect(await _rejected_in_time(api, token), "401 invalid_token")


@pytest.mark.conformance("8725-04")
async def test_jws_followed_by_two_segments_is_rejected(api: Api) -> None:
    """Although its first three segments are a valid JWS."""
    expect(await _rejected_in_time(api, f"{api.token()}.AAAA.AAAA"), "401 invalid_token")


@pytest.mark.conformance("8725-05", "8725-11", "8725-13")
def test_decryption_can_not_be_configured() -> None:
    """No option and no algorithm name enables it."""
    options = {*inspect.signature(JWTIssuer).parameters, *ClaimSettings.__annotations__}
    assert not [name for name in options if "crypt" in name or "jwe" in name or "zip" in name]
    for name in ("RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "dir", "A128KW", "PBES2-HS256+A128KW"):
        with pytest.raises(ValueError, match="algorithms= may name"):
            JWTIssuer(ISSUER, algorithms=[name])


@pytest.mark.conformance("8725-05")
@pytest.mark.parametrize("nested", [False, True], ids=["bare claims", "a bad signature"])
@pytest.mark.parametrize("encrypt", [_to_the_issuer, _with_a_secret])
async def test_encrypted_token_without_valid_signature_is_rejected(
    api: Api, encrypt: Callable[[dict[str, str], bytes], str], nested: bool
) -> None:
    """Anyone can encrypt to a public key."""
    inner = compact(header(), claims(api), by(attacker_key())).encode() if nested else claims(api)
    expect(await _rejected_in_time(api, encrypt({"typ": "at+jwt"}, inner)), "401 invalid_token")


@pytest.mark.conformance("8725-11")
@pytest.mark.parametrize("iterations", [10_000_000, 2**31 - 1])
async def test_password_based_key_derivation_is_not_run(api: Api, iterations: int) -> None:
    """Whatever iteration count the token names."""
    expect(await _rejected_in_time(api, _with_password(iterations)), "401 invalid_token")


@pytest.mark.conformance("8725-13")
@pytest.mark.parametrize("encrypt", [_to_the_issuer, _with_a_secret])
async def test_compressed_token_is_not_decompressed(
    api: Api, encrypt: Callable[[dict[str, str], bytes], str]
) -> None:
    """A token under 16 KiB that expands to 4 MB."""
    bomb = encrypt({"zip": "DEF"}, b" " * 4_000_000)
    assert len(bomb) < 16 * 1024
    expect(await _rejected_in_time(api, bomb), "401 invalid_token")
