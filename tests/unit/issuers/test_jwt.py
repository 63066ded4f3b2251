"""JWTIssuer: accepted tokens, rejections without a request, and its settings."""

import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from oauth_guard import ConfigurationError, JWTIssuer
from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.jose.jws import JWS
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.builders.jwt_issuer import GOOD, ISSUER, JWTIssuerHarness

MAC = {"kty": "oct", "k": "c2VjcmV0"}


async def validated(issuer: JWTIssuer, token: str) -> AccessToken:
    """Return the access token that *issuer* returns for *token*."""
    return (await issuer.validate(RawToken(token))).token


async def test_signed_token_is_validated() -> None:
    """Its claims have types, and the token carries the rules of its issuer."""
    harness = JWTIssuerHarness(leeway=0)
    token = await validated(harness.issuer, harness.local.token("read", "write", sub="ada"))
    assert (token.issuer, token.subject) == (ISSUER, "ada")
    assert token.scopes == {"read", "write"}
    assert token.rules.leeway == 0


@pytest.mark.parametrize(
    ("claims", "header", "reason"),
    [
        pytest.param({"iss": "https://x"}, {}, Reason.UNKNOWN_ISSUER, id="issuer"),
        pytest.param({"iss": None}, {}, Reason.UNKNOWN_ISSUER, id="no issuer"),
        pytest.param({"iss": [ISSUER]}, {}, Reason.UNKNOWN_ISSUER, id="issuer in an array"),
        pytest.param({}, {"typ": "JWT"}, Reason.WRONG_TYPE, id="type"),
        pytest.param({"jti": None}, {}, Reason.MISSING_CLAIM, id="claim missing"),
        pytest.param({"sub": 5}, {}, Reason.MALFORMED_CLAIM, id="claim malformed"),
    ],
)
async def test_token_that_can_be_rejected_without_keys_causes_no_fetch(
    claims: dict[str, Any], header: dict[str, Any], reason: Reason
) -> None:
    """The network comes last, so junk can't make the guard use it."""
    harness = JWTIssuerHarness()
    assert await harness.verdict(harness.local.token("read", header=header, **claims)) == reason
    assert not harness.local.requests


async def test_function_of_the_operator_gets_verified_claims_only() -> None:
    """Claims that an attacker wrote can't make it fail, and are not passed to it."""
    seen: list[Any] = []

    def is_for_client(claims: Mapping[str, Any]) -> bool:
        seen.append(claims["gty"])
        return bool(claims["gty"] == "client-credentials")

    harness = JWTIssuerHarness(is_client_token=is_for_client)
    forged = SigningKey("k1").sign(json.dumps(harness.local.claims()).encode(), {"typ": "at+jwt"})
    assert await harness.verdict(forged) == Reason.BAD_SIGNATURE
    assert not seen
    token = await validated(harness.issuer, harness.local.token(gty="client-credentials"))
    assert token.is_client_token
    assert seen == ["client-credentials"]


async def test_algorithm_that_is_not_allowed_causes_no_fetch() -> None:
    """The header is checked against the configuration first."""
    harness = JWTIssuerHarness(algorithms=["RS256"])
    assert await harness.verdict() == Reason.ALGORITHM_NOT_ALLOWED
    assert not harness.local.requests


@pytest.mark.parametrize("configured", ["JWT", "at+jwt", "application/at+jwt", "AT+JWT"])
@pytest.mark.parametrize("prefix", ["", "application/", "Application/"])
async def test_types_are_compared_as_media_types(configured: str, prefix: str) -> None:
    """Case and `application/` are ignored, in the token and in the configuration."""
    harness = JWTIssuerHarness(types=[configured])
    typ = prefix + configured.lower().removeprefix("application/")
    assert await harness.verdict(harness.local.token("read", header={"typ": typ})) == GOOD


async def test_configured_keys_are_never_fetched() -> None:
    """A static key set is always ready; starting and closing it do nothing."""
    local = LocalIssuer(ISSUER)
    issuer = JWTIssuer(ISSUER, keys=local.jwks, http=local.http)
    assert issuer.ready
    issuer.start()
    await issuer.load()
    await validated(issuer, local.token())
    local.keys = [SigningKey("k2")]
    with pytest.raises(InvalidToken, match=Reason.UNKNOWN_KEY):
        await validated(issuer, local.token())
    await issuer.aclose()
    assert not local.requests


class Vault:
    """A key source of a user."""

    is_current: Callable[[], bool] | None = None

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.ready = False

    async def verify(self, token: JWS) -> None:
        """Accept every signature."""
        self.calls.append(f"verify {token.header.key_id}")

    def start(self) -> None:
        """Record the call."""
        self.calls.append("start")

    async def load(self) -> None:
        """Record the call."""
        self.calls.append("load")

    async def aclose(self) -> None:
        """Record the call."""
        self.calls.append("aclose")


async def test_own_key_source_verifies_the_signature() -> None:
    """Any object with the members of `KeySource` may be used for `keys=`."""
    vault = Vault()
    issuer = JWTIssuer(ISSUER, keys=vault)
    assert not issuer.ready
    issuer.start()
    await issuer.load()
    await validated(issuer, LocalIssuer(ISSUER).token())
    await issuer.aclose()
    assert vault.calls == ["start", "load", "verify k1", "aclose"]


async def test_validation_is_not_current_if_the_keys_change_during_verification() -> None:
    """`is_current` is read before the signature is verified, so it belongs to the former keys."""

    class Rotating(Vault):
        """A key source whose keys are replaced while it verifies."""

        async def verify(self, token: JWS) -> None:
            """Accept the signature, and replace the keys."""
            await super().verify(token)
            former["used"] = False
            self.is_current = lambda: True

    former, keys = {"used": True}, Rotating()
    keys.is_current = lambda: former["used"]
    issuer = JWTIssuer(ISSUER, keys=keys)
    validation = await issuer.validate(RawToken(LocalIssuer(ISSUER).token()))
    assert validation.is_current is not None
    assert not validation.is_current()


@pytest.mark.parametrize(
    ("settings", "instead"),
    [
        ({"issuer": "as.example.com"}, 'issuer must be an absolute https URL like "https://'),
        ({"issuer": "http://as.example.com"}, "write insecure_http=True"),
        ({"issuer": f"{ISSUER}?x=1"}, "issuer must have no query"),
        ({"issuer": f"{ISSUER}#f"}, "without fragment, user or password"),
        ({"issuer": f"{ISSUER}/\u00e9"}, "characters that no URL has"),
        ({"issuer": "auth-service"}, "say where its keys or endpoint are: write keys=, jwks_uri="),
        ({"metadata_url": "http://as/x"}, "metadata_url= must be an absolute https"),
        ({"jwks_uri": "/jwks"}, "jwks_uri= must be an absolute https"),
        ({"issuer": None}, "not None: is a variable of the environment unset"),
        *(
            ({"max_verification_work": work}, "max_verification_work= counts RSA verifications")
            for work in (0, 0.5, -1, True, "many", float("inf"), float("nan"), None)
        ),
        ({"jwks_cache": 600}, r"jwks_cache= takes several times: JWKSCache\(max_age=600\)"),
        ({"http": httpx.Client()}, r"http= takes an async client: httpx.AsyncClient\(\)"),
        ({"http": httpx}, "http= takes an async client"),
        ({"types": "JWT"}, 'types= takes a list: types=\\["JWT"\\]'),
        ({"types": []}, "types= is empty: leave it out, or name at least one"),
        ({"algorithms": "ES256"}, 'algorithms= takes a list: algorithms=\\["ES256"\\]'),
        ({"algorithms": []}, "algorithms= is empty: leave it out, or name at least one"),
        ({"algorithms": ["HS256"]}, "secret= is missing or too short: .* HS256 .* 32 bytes"),
        ({"algorithms": ["none"]}, "algorithms= may name ES256, .*; not 'none'"),
        ({"audience": None}, "audience= is empty: leave it out to accept the resource itself"),
        ({"audience": ""}, "audience= is empty: leave it out to accept the resource itself"),
        ({"audience": []}, "audience= is empty: leave it out to accept the resource itself"),
        ({"audience": ["api", ""]}, "audience= is empty: leave it out"),
        ({"required_claims": "sub"}, 'required_claims= takes a list: required_claims=\\["sub"\\]'),
        ({"client_claims": []}, "client_claims= is empty: leave it out, or name at least one"),
        ({"scope_claims": "scp"}, 'scope_claims= takes a list: scope_claims=\\["scp"\\]'),
        ({"is_client_token": "azp"}, "is_client_token= takes a plain function of the claims"),
        ({"leeway": -1}, "leeway= is in seconds, from 0 to 300"),
        ({"leeway": 301}, "leeway= is in seconds, from 0 to 300"),
        ({"keys": {}}, "keys= must be a JWK set"),
        ({"keys": {"keys": []}}, "keys= must contain usable public keys only: there is none"),
        ({"keys": {"keys": [MAC]}}, "keys= must contain usable public keys only: the key's type"),
        (
            {"keys": SimpleNamespace(verify=None, is_current=None)},
            "keys= is a SimpleNamespace without `ready`: a key source has every member of",
        ),
        ({"keys": [MAC]}, 'keys= takes a JWK set, {"keys": \\[...\\]}, or a KeySource'),
        ({"keys": "k1"}, "keys= has no usable PEM: write one block"),
        ({"keys": {"k1": "-----BEGIN PUBLIC KEY-----"}}, "keys= has no usable PEM: the block is"),
        ({"secret": bytes(32), "jwks_uri": f"{ISSUER}/jwks"}, "list a second JWTIssuer"),
        ({"without_audience": True}, 'without_audience= of a JWTIssuer is "single resource"'),
        (
            {"without_audience": "single resource", "required_claims": ["aud"]},
            "without_audience= accepts what required_claims= rejects: aud",
        ),
    ],
)
def test_invalid_setting_is_rejected_with_an_advice(settings: dict[str, Any], instead: str) -> None:
    """It fails when the issuer is built, not at the first request."""
    with pytest.raises(ConfigurationError, match=instead):
        JWTIssuer(**{"issuer": ISSUER, **settings})


def test_configured_key_set_with_one_unusable_key_is_rejected() -> None:
    """Each configured key is meant; a private one must not be ignored silently."""
    jwk = SigningKey("k1").jwk
    with pytest.raises(ConfigurationError, match="the key is private"):
        JWTIssuer(ISSUER, keys={"keys": [jwk, {**jwk, "d": "AA"}]})


@pytest.mark.parametrize(
    "times",
    [
        {"max_age": 0},
        {"max_age": -1},
        {"deadline": 0},
        {"cooldown": -1},
        {"stale_if_error": -1},
        {"max_age": float("nan")},
        {"stale_if_error": float("nan")},
    ],
)
def test_jwks_cache_times_out_of_range_are_rejected(times: dict[str, float]) -> None:
    """None is negative or not a number; `max_age` and `deadline` are not 0."""
    with pytest.raises(ConfigurationError, match="positive, or 0 to turn cooldown or"):
        JWKSCache(**times)


@pytest.mark.parametrize(
    ("settings", "accepted"),
    [({}, ()), ({"audience": "api"}, ("api",)), ({"audience": ["a", "b"]}, ("a", "b"))],
    ids=["left out", "one", "several"],
)
async def test_audience_accepts_one_or_several_values(
    settings: dict[str, Any], accepted: tuple[str, ...]
) -> None:
    """If left out, the resource of the guard is required."""
    harness = JWTIssuerHarness(**settings)
    token = await validated(harness.issuer, harness.local.token())
    assert token.rules.audience == accepted


def test_insecure_http_is_accepted_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """The log says that keys travel unprotected."""
    JWTIssuer("http://keycloak:8080", insecure_http=True)
    assert "insecure_http=True lets keys travel unprotected" in caplog.text


def test_repr_contains_only_the_identifier() -> None:
    """Neither keys nor clients are shown."""
    assert repr(JWTIssuer(ISSUER)) == f"JWTIssuer('{ISSUER}')"


async def test_claims_of_a_forged_token_are_not_read_further_than_a_rejection_needs() -> None:
    """Scopes are read and claims frozen after the signature is verified, since that is work."""
    local, forger = LocalIssuer(ISSUER), LocalIssuer(ISSUER)
    issuer = JWTIssuer(ISSUER, keys=local.jwks, scope_array=True)
    for signer, reason in ((local, Reason.MALFORMED_CLAIM), (forger, Reason.BAD_SIGNATURE)):
        with pytest.raises(InvalidToken, match=reason):
            await validated(issuer, signer.token(scope=["two scopes", "in one"]))
