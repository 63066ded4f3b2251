"""PossessionCheck: a request proves every key of its token, or is rejected."""

from typing import Any

import pytest

from oauth_guard.errors import (
    ConfigurationError,
    InvalidDPoPProof,
    InvalidToken,
    Reason,
    RequestRejected,
)
from oauth_guard.possession import DPoP, ForwardedCertificate, Nonces, TLSExtension
from oauth_guard.possession.possession_check import PossessionCheck
from oauth_guard.protocol.binding import Confirmation
from oauth_guard.protocol.credentials import BearerMethods
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing.certificates import ClientCertificate
from oauth_guard.testing.dpop import DPoPKey

NOW = 1_800_000_000.0
RESOURCE = "https://api.example.com/v1"
URL = "https://api.example.com/v1/r"
KEY = DPoPKey(clock=lambda: NOW)
CERTIFICATE = ClientCertificate()
SECRET = "s" * 16
PROXY = ForwardedCertificate("client-cert", secret=("X-Proxy", SECRET))
TLS = {"tls": {"client_cert_chain": [CERTIFICATE.pem]}}
ACCEPTS_DPOP = BearerMethods(dpop=True)


def request(
    *fields: tuple[bytes, bytes], scheme: str = "DPoP", **connection: Any
) -> ResourceRequest:
    """Return a request that was read by a guard with DPoP."""
    headers = [(b"authorization", f"{scheme} token".encode()), *fields]
    read = ResourceRequest({"path": "/v1/r", "headers": headers, **connection})
    read.read_credentials(ACCEPTS_DPOP)
    return read


def proven(**changes: Any) -> ResourceRequest:
    """Return a request with a sound proof, or with a changed one."""
    return request((b"dpop", KEY.proof("token", "GET", URL, **changes).encode()))


async def outcome(
    check: PossessionCheck, read: ResourceRequest, confirmation: Confirmation | None
) -> Reason | None:
    """Return why the request is rejected, or None if it is accepted."""
    try:
        await check.check(read, confirmation, NOW)
    except RequestRejected as error:
        return error.reason
    return None


async def test_sound_proof_of_the_bound_key_is_accepted_once() -> None:
    """A copy of it is not."""
    check, read = PossessionCheck(RESOURCE, dpop=DPoP()), proven()
    assert await outcome(check, read, (KEY.cnf, False)) is None
    assert await outcome(check, read, (KEY.cnf, False)) is Reason.REPLAYED_PROOF
    assert read.response_headers == ()


@pytest.mark.parametrize(
    ("read", "confirmation", "reason"),
    [
        pytest.param(proven(), None, Reason.UNBOUND_TOKEN, id="unbound"),
        pytest.param(proven(), ({"jkt": "x"}, False), Reason.WRONG_PROOF_KEY, id="other key"),
        pytest.param(proven(iat=0), (KEY.cnf, False), Reason.PROOF_TOO_OLD, id="old"),
        pytest.param(request(), (KEY.cnf, False), Reason.MISSING_PROOF, id="no proof"),
        pytest.param(
            request(scheme="Bearer"), (KEY.cnf, False), Reason.BOUND_TOKEN, id="as Bearer"
        ),
        pytest.param(
            request((b"dpop", b"x"), scheme="Bearer"), None, Reason.PROOF_WITHOUT_DPOP, id="stray"
        ),
        pytest.param(
            request((b"dpop", b"x"), raw_path=b"/v1/\xff"),
            (KEY.cnf, False),
            Reason.WRONG_PROOF_URI,
            id="path that no URI has",
        ),
    ],
)
async def test_rejected_proof_claims_nothing(
    read: ResourceRequest, confirmation: Confirmation | None, reason: Reason
) -> None:
    """So a thief can't use up the proofs of an owner."""
    dpop = DPoP()
    check = PossessionCheck(RESOURCE, dpop=dpop)
    assert await outcome(check, read, confirmation) is reason
    assert len(vars(dpop)["_replays"]) == 0


async def test_next_nonce_is_added_to_the_response() -> None:
    """And the response is not cached, if the nonce of the proof is the previous one."""
    nonces = Nonces(b"n" * 32)
    check = PossessionCheck(RESOURCE, dpop=DPoP(nonces=nonces))
    read = proven(nonce=nonces.issue(NOW))
    assert await outcome(check, read, (KEY.cnf, False)) is None
    assert read.response_headers == ()
    read = proven(nonce=nonces.issue(NOW - 60))
    assert await outcome(check, read, (KEY.cnf, False)) is None
    assert read.response_headers == (
        (b"dpop-nonce", nonces.issue(NOW).encode()),
        (b"cache-control", b"no-store"),
    )


@pytest.mark.parametrize("certificates", [TLSExtension(), PROXY], ids=["TLS", "proxy"])
async def test_token_bound_to_the_certificate_of_the_client_is_accepted(
    certificates: TLSExtension | ForwardedCertificate,
) -> None:
    """A response that depends on a header field says so."""
    check = PossessionCheck(RESOURCE, certificates=certificates)
    fields = (
        (b"client-cert", CERTIFICATE.client_cert.encode()),
        (b"x-proxy", SECRET.encode()),
    )
    read = request(*fields, scheme="Bearer", extensions=TLS)
    assert await outcome(check, read, (CERTIFICATE.cnf, False)) is None
    varies = certificates is PROXY
    assert read.response_headers == (((b"vary", b"client-cert"),) if varies else ())
    other = ClientCertificate().cnf
    assert await outcome(check, read, (other, False)) is Reason.WRONG_CERTIFICATE
    nothing = request(scheme="Bearer")
    assert await outcome(check, nothing, (CERTIFICATE.cnf, False)) is Reason.BOUND_TOKEN


async def test_bound_token_in_a_subprotocol_is_rejected_with_the_certificate_too() -> None:
    """A page can't choose when the browser presents one."""
    check = PossessionCheck(RESOURCE, certificates=TLSExtension())
    read = ResourceRequest({"headers": [], "subprotocols": ["bearer", "token"], "extensions": TLS})
    read.read_credentials(BearerMethods(subprotocol=True))
    assert await outcome(check, read, (CERTIFICATE.cnf, False)) is Reason.BOUND_TOKEN
    assert await outcome(check, read, None) is None


async def test_check_without_settings_rejects_each_bound_token() -> None:
    """Nothing can be proven to it."""
    check = PossessionCheck(RESOURCE)
    read = request(scheme="Bearer", extensions=TLS)
    for cnf in (KEY.cnf, CERTIFICATE.cnf, {}):
        with pytest.raises(InvalidToken):
            await check.check(read, (cnf, False), NOW)
    await check.load()
    await check.aclose()


async def test_public_origin_replaces_that_of_the_resource() -> None:
    """Proofs are for the address that clients use."""
    check = PossessionCheck(RESOURCE, dpop=DPoP(public_origin="https://public.example"))
    with pytest.raises(InvalidDPoPProof):
        await check.check(proven(), (KEY.cnf, False), NOW)
    read = proven(htu="https://public.example/v1/r")
    assert await outcome(check, read, (KEY.cnf, False)) is None
    await check.load()
    await check.aclose()


@pytest.mark.parametrize(
    ("settings", "schemes", "supported"),
    [
        ({}, ["Bearer"], ([], False, False)),
        ({"dpop": DPoP()}, ["Bearer", "DPoP"], (["ES256", "PS256"], False, False)),
        ({"dpop": DPoP(), "binding": "dpop"}, ["DPoP"], (["ES256", "PS256"], True, False)),
        ({"certificates": PROXY, "binding": "mtls"}, ["Bearer"], ([], False, True)),
    ],
)
def test_challenges_and_metadata_describe_the_settings(
    settings: dict[str, Any], schemes: list[str], supported: tuple[object, ...]
) -> None:
    """RFC 9728 §2 names the members."""
    check = PossessionCheck(RESOURCE, **settings)
    assert list(check.schemes) == schemes
    assert tuple(check.metadata.values()) == supported
    assert check.is_required is ("binding" in settings)
    assert bool(check.hidden_fields) is ("certificates" in settings)


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"binding": "tls"}, "one of dpop, mtls, any"),
        ({"binding": "any"}, r"add dpop=DPoP\(\) or certificates="),
        ({"binding": "dpop", "certificates": PROXY}, "needs a proof that the guard can verify"),
        ({"binding": "mtls", "dpop": DPoP()}, "needs a proof that the guard can verify"),
        ({"dpop_settings": 1}, "dpop_settings= is not a setting of a guard"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    settings: dict[str, Any], advice: str
) -> None:
    """When the guard is built."""
    with pytest.raises(ConfigurationError, match=advice):
        PossessionCheck(RESOURCE, **settings)
