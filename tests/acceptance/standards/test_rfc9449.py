"""RFC 9449: DPoP, as a resource server verifies it."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import pytest

from oauth_guard.jose.thumbprint import encode_sha256, jwk_thumbprint
from oauth_guard.possession import DPoP, Nonces
from oauth_guard.testing.dpop import DPOP_ATTACKS, DPoPKey
from tests.acceptance.standards.api import NOW, RESOURCE, Api, bearer
from tests.acceptance.standards.opaque import OpaqueApi
from tests.acceptance.standards.outcome import expect
from tests.acceptance.standards.recorded_response import Headers, RecordedResponse

PROOF = "401 invalid_dpop_proof"
TOKEN = "401 invalid_token"
KEY = DPoPKey(clock=lambda: NOW)
OTHER_KEY = DPoPKey(clock=lambda: NOW)
NONCES = Nonces(b"n" * 32)


def dpop_api(guard: Mapping[str, Any] | None = None, **settings: Any) -> Api:
    """Return the API of the matrix with DPoP; *settings* are those of `DPoP`."""
    return Api(guard={"dpop": DPoP(**settings), **(guard or {})})


def dpop(token: str, *proofs: str) -> Headers:
    """Return the fields of a request with *token* under the scheme DPoP, and these proofs."""
    fields = [(b"dpop", proof.encode()) for proof in proofs]
    return ((b"authorization", f"DPoP {token}".encode()), *fields)


def proof(token: str, url: str = f"{RESOURCE}/r", method: str = "GET", **changes: Any) -> str:
    """Return a proof of `KEY`."""
    return KEY.proof(token, method, url, **changes)


async def send(api: Api, target: str = "/r", **changes: Any) -> RecordedResponse:
    """Send a bound token with a proof whose claims are changed."""
    token = api.token(cnf=KEY.cnf)
    return await api.send("GET", target, dpop(token, proof(token, **changes)))


@pytest.mark.conformance("9449-01")
async def test_bound_token_with_a_correct_proof_is_accepted() -> None:
    """Also a second time, from the cache, with a proof of its own."""
    api = dpop_api()
    token = api.token(cnf=KEY.cnf)
    for _ in range(2):
        expect(await api.send("GET", "/r", dpop(token, proof(token))), "200")
    expect(await api.send("GET", "/r", dpop(token)), PROOF)


@pytest.mark.conformance("9449-01")
def test_hashes_of_the_standard() -> None:
    """`ath` of §4.2 and `jkt` of §6.1."""
    token = b"Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
    assert encode_sha256(token) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
    jwk = {
        "kty": "EC",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        "crv": "P-256",
    }
    assert jwk_thumbprint(jwk) == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


@pytest.mark.conformance("9449-02")
@pytest.mark.parametrize("equal", [True, False])
async def test_two_proofs_are_rejected(equal: bool) -> None:
    """Equal ones too."""
    api = dpop_api()
    token = api.token(cnf=KEY.cnf)
    first = proof(token)
    second = first if equal else proof(token)
    expect(await api.send("GET", "/r", dpop(token, first, second)), PROOF)


@pytest.mark.conformance("9449-03")
async def test_scheme_dpop_needs_a_proof() -> None:
    """A DPoP field in another case is one."""
    api = dpop_api()
    token = api.token(cnf=KEY.cnf)
    expect(await api.send("GET", "/r", dpop(token)), PROOF)
    fields = ((b"Authorization", f"dpop {token}".encode()), (b"DPoP", proof(token).encode()))
    expect(await api.send("GET", "/r", fields), "200")


ATTACKS = [
    *(
        pytest.param(name, marks=pytest.mark.conformance("9449-04"), id=name)
        for name in ("no proof", "no JWT", "encrypted", "two in one field")
    ),
    *(
        pytest.param(name, marks=pytest.mark.conformance("9449-05"), id=name)
        for name in ("no type", "no algorithm", "no key", "no jti", "no htm", "no htu")
    ),
    *(
        pytest.param(name, marks=pytest.mark.conformance("9449-05"), id=name)
        for name in ("no iat", "no ath")
    ),
    pytest.param("another type", marks=pytest.mark.conformance("9449-06"), id="another type"),
    *(
        pytest.param(name, marks=pytest.mark.conformance("9449-07"), id=name)
        for name in ("unsigned", "public key as secret", "symmetric key", "key of another type")
    ),
    pytest.param("changed signature", marks=pytest.mark.conformance("9449-08"), id="signature"),
    *(
        pytest.param(name, marks=pytest.mark.conformance("9449-09"), id=name)
        for name in ("private key", "null private member", "private RSA member")
    ),
    pytest.param("another method", marks=pytest.mark.conformance("9449-10"), id="method"),
    *(
        pytest.param(name, marks=pytest.mark.conformance("9449-11"), id=name)
        for name in ("another host", "another path")
    ),
    pytest.param("long jti", marks=pytest.mark.conformance("9449-16"), id="long jti"),
    pytest.param("another token", marks=pytest.mark.conformance("9449-17"), id="another token"),
]


@pytest.mark.parametrize("name", ATTACKS)
async def test_proof_that_the_standard_forbids_is_rejected(name: str) -> None:
    """Each variant of the kit."""
    api = dpop_api()
    token = api.token(cnf=KEY.cnf)
    attack = KEY.attack(name, token, "GET", f"{RESOURCE}/r")
    expect(await api.send("GET", "/r", dpop(token, attack)), PROOF)


@pytest.mark.parametrize("name", [name for name in DPOP_ATTACKS if name != "another key"])
async def test_attack_of_the_kit_is_rejected_once_its_token_is_cached(name: str) -> None:
    """A hit checks the proof as a miss does."""
    api = dpop_api()
    token = api.token(cnf=KEY.cnf)
    expect(await api.send("GET", "/r", dpop(token, proof(token))), "200")
    attack = KEY.attack(name, token, "GET", f"{RESOURCE}/r")
    expect(await api.send("GET", "/r", dpop(token, attack)), PROOF)


@pytest.mark.conformance("9449-07")
async def test_algorithm_that_is_not_listed_is_rejected() -> None:
    """RS256, and ES256 with an RSA key."""
    api = dpop_api()
    key = DPoPKey("RS256", clock=lambda: NOW)
    token = api.token(cnf=key.cnf)
    expect(
        await api.send("GET", "/r", dpop(token, key.proof(token, "GET", f"{RESOURCE}/r"))), PROOF
    )
    header = {"jwk": key.jwk}
    expect(await api.send("GET", "/r", dpop(token, proof(token, header=header))), PROOF)


@pytest.mark.conformance("9449-11", "9449-12")
@pytest.mark.parametrize(
    ("htu", "outcome"),
    [
        (f"{RESOURCE}/r", "200"),
        (f"{RESOURCE}/r?b=2", "200"),
        (f"{RESOURCE}/r#x", "200"),
        ("HTTPS://API.example.com:443/r", "200"),
        (f"{RESOURCE}/%72", "200"),
        (f"{RESOURCE}/x/../r", "200"),
        (f"{RESOURCE}/r2", PROOF),
        (f"{RESOURCE}/R", PROOF),
        ("https://other.example.com/r", PROOF),
        ("http://api.example.com/r", PROOF),
    ],
)
async def test_htu_is_compared_in_normal_form_without_query(htu: str, outcome: str) -> None:
    """On both sides."""
    expect(await send(dpop_api(), "/r?a=1", htu=htu), outcome)


@pytest.mark.conformance("9449-13")
async def test_configured_origin_is_the_reference_behind_a_proxy() -> None:
    """Neither `Host` nor forwarded fields, and the path from the root, in both server styles."""
    api = Api(guard={"dpop": DPoP(public_origin="https://public.example.com")})
    token = api.token(cnf=KEY.cnf)
    inside = [(b"host", b"10.0.0.5:8000"), (b"x-forwarded-host", b"evil.example")]
    for htu, outcome in (
        ("https://public.example.com/r", "200"),
        ("http://10.0.0.5:8000/r", PROOF),
        ("https://evil.example/r", PROOF),
        (f"{RESOURCE}/r", PROOF),
    ):
        fields = [*inside, *dpop(token, proof(token, htu=htu))]
        response = await api.send("GET", "/r", scheme="http", headers=fields)
        expect(response, outcome)


@pytest.mark.conformance("9449-13")
@pytest.mark.parametrize("raw_path", [b"/v1/r", b"/r", None])
async def test_path_of_a_mounted_application_is_read_from_the_root(raw_path: bytes | None) -> None:
    """Whether the server removes the prefix from the raw path or not, or has no raw path."""
    api = dpop_api()
    token = api.token(cnf=KEY.cnf)
    fields = dpop(token, proof(token, f"{RESOURCE}/v1/r"))
    response = await api.send("GET", "/v1/r", fields, root_path="/v1", raw_path=raw_path)
    expect(response, "200")


@pytest.mark.conformance("9449-14")
@pytest.mark.parametrize(
    ("seconds", "outcome"), [(-61, PROOF), (-60, "200"), (10, "200"), (11, PROOF)]
)
async def test_proof_is_accepted_for_a_short_time(seconds: int, outcome: str) -> None:
    """60 seconds after its `iat`, and 10 seconds before."""
    expect(await send(dpop_api(), iat=NOW + seconds), outcome)


@pytest.mark.conformance("9449-15")
async def test_proof_is_used_once() -> None:
    """For any URI; of 20 copies at the same time one is accepted."""
    api = dpop_api()
    token = api.token(cnf=KEY.cnf)
    once = dpop(token, proof(token))
    expect(await api.send("GET", "/r", once), "200")
    expect(await api.send("GET", "/r", once), PROOF)
    copies = dpop(token, proof(token))
    responses = await asyncio.gather(*(api.send("GET", "/r", copies) for _ in range(20)))
    assert sorted(response.status for response in responses) == [200, *[401] * 19]


@pytest.mark.conformance("9449-15")
async def test_proof_of_a_rejected_request_is_not_used_up() -> None:
    """A thief's request with a copied proof and another token claims nothing."""
    api = dpop_api()
    token, other = api.token(cnf=KEY.cnf), api.token(cnf=OTHER_KEY.cnf)
    copied = proof(token)
    expect(await api.send("GET", "/r", dpop(other, copied)), PROOF)
    expect(await api.send("GET", "/r", dpop(token, copied)), "200")


@pytest.mark.conformance("9449-16")
async def test_proofs_of_one_key_are_limited() -> None:
    """Further ones are 429, and another key is not affected."""
    api = dpop_api(max_proofs_per_key=2)
    for outcome in (200, 200, 429):
        assert (await send(api)).status == outcome
    token = api.token(cnf=OTHER_KEY.cnf)
    fields = dpop(token, OTHER_KEY.proof(token, "GET", f"{RESOURCE}/r"))
    expect(await api.send("GET", "/r", fields), "200")


@pytest.mark.conformance("9449-18")
async def test_proof_by_another_key_is_rejected() -> None:
    """The token is not valid for this sender."""
    api = dpop_api()
    token = api.token(cnf=KEY.cnf)
    fields = dpop(token, OTHER_KEY.proof(token, "GET", f"{RESOURCE}/r"))
    response = await api.send("GET", "/r", fields)
    expect(response, TOKEN)
    assert [p.get("error") for _, p in response.challenges] == [None, "invalid_token"]


@pytest.mark.conformance("9449-19")
async def test_other_members_of_the_key_do_not_change_its_thumbprint() -> None:
    """Nor does their order."""
    jwk = {"use": "sig", "kid": "1", **dict(reversed(KEY.jwk.items()))}
    expect(await send(dpop_api(), header={"jwk": jwk}), "200")


@pytest.mark.conformance("9449-20")
@pytest.mark.parametrize("with_proof", [False, True])
async def test_bound_token_is_rejected_as_bearer(with_proof: bool) -> None:
    """Also once it is cached, and with a sound proof."""
    api = dpop_api()
    token = api.token(cnf=KEY.cnf)
    for _ in range(2):
        fields = ((b"dpop", proof(token).encode()),) if with_proof else ()
        expect(await api.send("GET", "/r", (*bearer(token), *fields)), TOKEN)
        expect(await api.send("GET", "/r", dpop(token, proof(token))), "200")


@pytest.mark.conformance("9449-20")
async def test_unbound_token_with_a_proof_is_rejected() -> None:
    """Client and server disagree about the binding, so the request is rejected."""
    api = dpop_api()
    token = api.token()
    fields = (*bearer(token), (b"dpop", proof(token).encode()))
    expect(await api.send("GET", "/r", fields), TOKEN)
    expect(await api.get("/r", token), "200")


@pytest.mark.conformance("9449-21")
async def test_scheme_dpop_needs_a_bound_token() -> None:
    """A sound proof does not bind a token."""
    api = dpop_api()
    token = api.token()
    for _ in range(2):
        expect(await api.send("GET", "/r", dpop(token, proof(token))), TOKEN)
        expect(await api.get("/r", token), "200")


@pytest.mark.conformance("9449-22")
async def test_two_schemes_are_a_bad_request() -> None:
    """Each challenge names the error."""
    api = dpop_api()
    token = api.token(cnf=KEY.cnf)
    response = await api.send("GET", "/r", (*bearer(token), *dpop(token, proof(token))))
    expect(response, "400 invalid_request")
    assert [(scheme, p["error"]) for scheme, p in response.challenges] == [
        ("Bearer", "invalid_request"),
        ("DPoP", "invalid_request"),
    ]


@pytest.mark.conformance("9449-23")
async def test_challenge_lists_the_algorithms() -> None:
    """A guard that requires DPoP has no other challenge."""
    response = await dpop_api().get("/r")
    assert [scheme for scheme, _ in response.challenges] == ["Bearer", "DPoP"]
    assert dict(response.challenges)["DPoP"]["algs"] == "ES256 PS256"
    api = dpop_api({"binding": "dpop"})
    for _ in range(2):
        response = await api.get("/r", api.token())
        expect(response, TOKEN)
        assert [(scheme, p["algs"]) for scheme, p in response.challenges] == [
            ("DPoP", "ES256 PS256")
        ]
    expect(await send(api), "200")


@pytest.mark.conformance("9449-24")
async def test_error_is_in_the_challenge_of_the_scheme_that_was_used() -> None:
    """Without credentials in none."""
    api = dpop_api()
    expect(await api.get("/r"), "401 none")
    token = api.token(cnf=KEY.cnf)
    for fields, errors in (
        (bearer("abc"), ["invalid_token", None]),
        (dpop("abc", proof("abc")), [None, "invalid_token"]),
        (dpop(token), [None, "invalid_dpop_proof"]),
    ):
        response = await api.send("GET", "/r", fields)
        assert [p.get("error") for _, p in response.challenges] == errors


@pytest.mark.conformance("9449-25", "9449-26", "9449-27", "9449-28")
async def test_required_nonce_is_sent_and_demanded() -> None:
    """One with each rejection; the previous one is accepted, and a new one sent uncacheably."""
    api = dpop_api(nonces=NONCES)
    for nonce in (None, "x", NONCES.issue(NOW - 120)):
        response = await send(api, nonce=nonce)
        expect(response, "401 use_dpop_nonce")
        (sent,) = response.lines("dpop-nonce")
        assert re.fullmatch(r"[\x21\x23-\x5B\x5D-\x7E]+", sent)
        accepted = await send(api, nonce=sent)
        expect(accepted, "200")
        assert accepted.lines("dpop-nonce") == []
    response = await send(api, nonce=NONCES.issue(NOW - 60))
    expect(response, "200")
    assert response.lines("dpop-nonce") == [NONCES.issue(NOW)]
    assert response.lines("cache-control") == ["no-store"]


@pytest.mark.conformance("9449-26")
async def test_valid_nonce_takes_the_place_of_the_clock_of_the_client() -> None:
    """Its `iat` may be minutes off (§4.3 (11))."""
    for seconds in (-600, 600):
        api = dpop_api(nonces=NONCES)
        expect(await send(api, iat=NOW + seconds, nonce=NONCES.issue(NOW)), "200")


@pytest.mark.conformance("9449-29")
async def test_introspected_confirmation_is_enforced() -> None:
    """On each use, from the cache too; a type without a key can't be proven."""
    api = OpaqueApi(cached=True, guard={"dpop": DPoP()})
    token = api.opaque(cnf=KEY.cnf, token_type="DPoP")
    for _ in range(2):
        assert (await api.send("GET", "/r", dpop(token, proof(token)))).status == 200
        expect(await api.get(token=token), TOKEN)
    typed = api.opaque(token="opaque-2", token_type="DPoP")
    expect(await api.get(token=typed), TOKEN)
    expect(await api.send("GET", "/r", dpop(typed, proof(typed))), TOKEN)


@pytest.mark.conformance("9449-30")
async def test_bound_token_in_the_query_is_rejected() -> None:
    """No proof can make up for the place."""
    api = dpop_api({"bearer_methods": ["header", "query"]})
    token = api.token(cnf=KEY.cnf)
    fields = ((b"dpop", proof(token).encode()),)
    expect(await api.send("GET", f"/r?access_token={token}", fields), TOKEN)
    expect(await api.send("GET", "/r", dpop(token, proof(token))), "200")


@pytest.mark.conformance("ASGI-13")
async def test_handshake_carries_a_proof_as_a_get_does() -> None:
    """With the https form of its URL."""
    api = dpop_api()
    token = api.token(cnf=KEY.cnf)
    response = await api.connect("/ws", dpop(token, proof(token, f"{RESOURCE}/ws")))
    assert response.messages[0]["type"] == "websocket.accept"
    refused = await api.connect("/ws", dpop(token, proof(token, "wss://api.example.com/ws")))
    expect(refused, PROOF)


async def test_guard_without_dpop_rejects_a_bound_token() -> None:
    """Under each scheme; a DPoP field beside a bearer token is ignored."""
    api = Api()
    token = api.token(cnf=KEY.cnf)
    expect(await api.get("/r", token), TOKEN)
    expect(await api.send("GET", "/r", dpop(token, proof(token))), "401 none")
    expect(await api.send("GET", "/r", (*bearer(api.token()), (b"dpop", b"x"))), "200")
