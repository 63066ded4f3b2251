"""RFC 8725, what it says of encryption: the door that stays closed (section 34 of the matrix)."""

import inspect
import time
from collections.abc import Callable

import pytest
from joserfc import jwe
from joserfc.jwk import OctKey, RSAKey

from oauth_guard import JWTIssuer
from oauth_guard.errors import Reason
from oauth_guard.protocol.claims import ClaimSettings
from tests.acceptance.attacks.forgery import by, encode, mallory
from tests.acceptance.standards.answer import Answer
from tests.acceptance.standards.api import ISSUER, Api, signing_keys
from tests.acceptance.standards.bytewise import claims, compact, header
from tests.acceptance.standards.outcome import expect


def _for_the_issuer(protected: dict[str, str], plaintext: bytes) -> str:
    """Encrypt as anybody can who knows the public key of the issuer."""
    key = RSAKey.import_key(signing_keys()[1].private)
    return str(
        jwe.encrypt_compact({"alg": "RSA-OAEP", "enc": "A128GCM", **protected}, plaintext, key)
    )


def _for_a_secret(protected: dict[str, str], plaintext: bytes) -> str:
    key = OctKey.import_key(bytes(16))
    return str(jwe.encrypt_compact({"alg": "dir", "enc": "A128GCM", **protected}, plaintext, key))


def _with_password(iterations: int) -> str:
    """Return a JWE that would take its reader this many rounds to find out that it is none."""
    told = f'{{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2s":"AAAAAAAAAAA","p2c":{iterations}}}'
    return ".".join([encode(told.encode()), *(encode(bytes(16)) for _ in range(4))])


async def _as_fast_as_junk(api: Api, token: str) -> Answer:
    """Present *token*, and hold the time that it takes to what junk may take."""
    assert token.count(".") == 4
    started = time.process_time()
    answer = await api.get(token=token)
    assert time.process_time() - started < 0.5
    assert f"401: {Reason.ENCRYPTED_TOKEN}" in answer.log
    assert api.authority.requests == []
    return answer


@pytest.mark.conformance("8725-04")
@pytest.mark.parametrize("encrypt", [_for_the_issuer, _for_a_secret])
async def test_an_encrypted_token_is_not_decrypted(
    api: Api, encrypt: Callable[[dict[str, str], bytes], str]
) -> None:
    """It is told by its five segments, and nobody looks into them."""
    token = encrypt({"cty": "JWT", "typ": "at+jwt"}, api.token().encode())
    expect(await _as_fast_as_junk(api, token), "401 invalid_token")


@pytest.mark.conformance("8725-04")
async def test_five_segments_are_not_a_signed_token(api: Api) -> None:
    """Though the first three may be one."""
    expect(await _as_fast_as_junk(api, f"{api.token()}.AAAA.AAAA"), "401 invalid_token")


@pytest.mark.conformance("8725-05", "8725-11", "8725-13")
def test_decryption_can_not_be_configured() -> None:
    """The door is closed: there is no option that opens it."""
    options = {*inspect.signature(JWTIssuer).parameters, *ClaimSettings.__annotations__}
    assert not [name for name in options if "crypt" in name or "jwe" in name or "zip" in name]
    for name in ("RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "dir", "A128KW", "PBES2-HS256+A128KW"):
        with pytest.raises(ValueError, match="algorithms= may name"):
            JWTIssuer(ISSUER, algorithms=[name])


@pytest.mark.conformance("8725-05")
@pytest.mark.parametrize("nested", [False, True], ids=["bare claims", "a bad signature"])
@pytest.mark.parametrize("encrypt", [_for_the_issuer, _for_a_secret])
async def test_encryption_is_no_signature(
    api: Api, encrypt: Callable[[dict[str, str], bytes], str], nested: bool
) -> None:
    """Whoever can encrypt to us has not been vouched for."""
    inner = compact(header(), claims(api), by(mallory())).encode() if nested else claims(api)
    expect(await _as_fast_as_junk(api, encrypt({"typ": "at+jwt"}, inner)), "401 invalid_token")


@pytest.mark.conformance("8725-11")
@pytest.mark.parametrize("iterations", [10_000_000, 2**31 - 1])
async def test_no_key_is_derived(api: Api, iterations: int) -> None:
    """However many rounds a token asks for, it gets none."""
    expect(await _as_fast_as_junk(api, _with_password(iterations)), "401 invalid_token")


@pytest.mark.conformance("8725-13")
@pytest.mark.parametrize("encrypt", [_for_the_issuer, _for_a_secret])
async def test_nothing_is_unpacked(
    api: Api, encrypt: Callable[[dict[str, str], bytes], str]
) -> None:
    """However much a small token says that it holds."""
    bomb = encrypt({"zip": "DEF"}, b" " * 4_000_000)
    assert len(bomb) < 16 * 1024
    expect(await _as_fast_as_junk(api, bomb), "401 invalid_token")
