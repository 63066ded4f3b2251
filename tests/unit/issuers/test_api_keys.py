"""An API key takes the path of tokens, is looked up by its hash, and proves nothing beside."""

import asyncio
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from oauth_guard import (
    ClientSecretBasic,
    ConfigurationError,
    Guard,
    IntrospectionIssuer,
    JWTIssuer,
    Requirement,
)
from oauth_guard.deny_list import DenyList
from oauth_guard.errors import (
    InsufficientAuthentication,
    InsufficientScope,
    InvalidToken,
    IssuerUnavailable,
    Reason,
)
from oauth_guard.issuers.api_keys import (
    ApiKey,
    ApiKeyFile,
    ApiKeyIssuer,
    hash_api_key,
    new_api_key,
)
from oauth_guard.possession import DPoP
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer
from tests.builders.clock import FakeClock

RESOURCE, NAME, PREFIX = "https://api.test", "api-keys", "sk_live_"
KEY, HASH = new_api_key(PREFIX)
LOCAL = LocalIssuer(audience=RESOURCE)
NOTHING: dict[str, ApiKey] = {}
GRANTED = ApiKey("ci", frozenset({"read", "write"}))


def issuer(keys: Any = None, prefix: str = PREFIX) -> ApiKeyIssuer:
    """Return an issuer of keys."""
    return ApiKeyIssuer(NAME, ({HASH: GRANTED} if keys is None else keys).get, prefix=prefix)


def request(token: str, header: str = "authorization", scheme: str = "Bearer ") -> ResourceRequest:
    """Return a request with a token."""
    return ResourceRequest(
        {"path": "/", "headers": [(header.encode(), f"{scheme}{token}".encode())]}
    )


async def caller(guard: Guard, token: str = KEY) -> Identity:
    """Return who sent *token*."""
    return await guard.authenticate(request(token))


async def test_key_is_an_identity_of_its_own_kind() -> None:
    """The owner is the subject; there is no other claim."""
    identity = await caller(Guard(RESOURCE, [issuer()]))
    assert (identity.issuer, identity.subject, identity.kind) == (NAME, "ci", "api_key")
    assert identity.scopes == GRANTED.scopes
    assert identity.claims == {"sub": "ci", "scope": "read write"}


@pytest.mark.parametrize(
    ("requirement", "error"),
    [
        (Requirement.of("read"), None),
        (Requirement.of("read", introspect=True), None),
        (Requirement.of("admin"), InsufficientScope),
        (Requirement.of(users_only=True), InsufficientScope),
        (Requirement.of(binding="any"), InvalidToken),
        (Requirement.of(acr="mfa"), InsufficientAuthentication),
        (Requirement.of(max_age=10**9), InsufficientAuthentication),
    ],
    ids=["scope", "introspect", "other scope", "user", "binding", "acr", "max age"],
)
async def test_key_satisfies_scopes_alone(requirement: Requirement, error: Any) -> None:
    """Never a binding, nor step-up: nothing was proven, and no user signed in."""
    guard = Guard(RESOURCE, [issuer()])
    identity = await caller(guard)
    if error is None:
        guard.authorize(identity, requirement)
    else:
        with pytest.raises(error):
            guard.authorize(identity, requirement)


async def test_key_is_rejected_where_each_token_must_be_bound() -> None:
    """As a bearer token is."""
    guard = Guard(RESOURCE, [issuer()], dpop=DPoP(), binding="any")
    with pytest.raises(InvalidToken):
        await caller(guard)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (new_api_key(PREFIX)[0], Reason.UNKNOWN_KEY),
        (KEY[:-1], Reason.UNKNOWN_KEY),
        (KEY + "x", Reason.UNKNOWN_KEY),
        (PREFIX + "a" * 21, Reason.WRONG_FORMAT),
        (PREFIX + "a" * 201, Reason.WRONG_FORMAT),
        (PREFIX, Reason.WRONG_FORMAT),
        (KEY + ".b.c", Reason.WRONG_FORMAT),
        (HASH, Reason.MALFORMED_TOKEN),
    ],
    ids=["unknown", "shorter", "longer", "too short", "too long", "prefix", "dots", "hash"],
)
async def test_other_value_is_rejected(key: str, reason: Reason) -> None:
    """The hash is no key: who reads the store can't call."""
    with pytest.raises(InvalidToken) as caught:
        await caller(Guard(RESOURCE, [issuer()]), key)
    assert caught.value.reason == reason


async def test_key_that_is_removed_ends_with_the_next_request() -> None:
    """It is looked up each time, so nothing is cached."""
    keys = {HASH: GRANTED}
    guard = Guard(RESOURCE, [issuer(keys)])
    for _ in range(2):
        await caller(guard)
    keys.clear()
    with pytest.raises(InvalidToken):
        await caller(guard)


async def test_key_expires_and_is_revoked_as_a_token_is() -> None:
    """By the clock of the guard, and by its deny-list."""
    clock = FakeClock()
    keys = {HASH: ApiKey("ci", expires_at=clock() + 100)}
    guard = Guard(RESOURCE, [issuer(keys)], clock=clock, deny_list=DenyList(clock=clock))
    await caller(guard)
    clock.advance(110)
    with pytest.raises(InvalidToken) as caught:
        await caller(guard)
    assert caught.value.reason == Reason.EXPIRED
    keys[HASH] = GRANTED
    await caller(guard)
    await guard.revoke(NAME, client_id="other")
    await caller(guard)
    await guard.revoke(NAME, subject="ci")
    with pytest.raises(InvalidToken):
        await caller(guard)


async def test_keys_and_tokens_are_sent_to_their_own_issuer() -> None:
    """An unknown key is not sent to the introspection endpoint, nor a token to the lookup."""
    local, seen = LocalIssuer("https://opaque.test", audience=RESOURCE), list[str]()
    opaque = IntrospectionIssuer(
        local.issuer, http=local.http, client=ClientSecretBasic("api", "secret")
    )

    def find(key_hash: str) -> ApiKey | None:
        seen.append(key_hash)
        return GRANTED if key_hash == HASH else None

    signed = JWTIssuer(LOCAL.issuer, keys=LOCAL.jwks)
    guard = Guard(RESOURCE, [opaque, ApiKeyIssuer(NAME, find, prefix=PREFIX), signed])
    await guard.start()
    assert (await caller(guard)).kind == "api_key"
    assert (await caller(guard, LOCAL.token("read"))).issuer == LOCAL.issuer
    assert (await caller(guard, local.opaque_token("read"))).issuer == local.issuer
    before = len(local.requests)
    unknown, unknown_hash = new_api_key(PREFIX)
    with pytest.raises(InvalidToken):
        await caller(guard, unknown)
    assert len(local.requests) == before
    assert seen == [HASH, unknown_hash]
    with pytest.raises(InvalidToken):  # a JWT that names the keys as its issuer
        await caller(guard, LOCAL.token("read", iss=NAME))
    await guard.aclose()


async def test_key_in_a_header_of_its_own() -> None:
    """For a guard of keys alone."""
    guard = Guard(RESOURCE, [issuer()], token_header="X-API-Key")
    identity = await guard.authenticate(request(KEY, "x-api-key", ""))
    assert identity.kind == "api_key"


async def _slow(_: str) -> ApiKey | None:
    await asyncio.sleep(60)
    return GRANTED


async def _found(_: str) -> ApiKey | None:
    return GRANTED


def _raises(_: str) -> ApiKey | None:
    raise RuntimeError(KEY)


async def test_lookup_may_be_async() -> None:
    """It is awaited."""
    guard = Guard(RESOURCE, [ApiKeyIssuer(NAME, _found, prefix=PREFIX)])
    assert (await caller(guard)).subject == "ci"


@pytest.mark.parametrize(
    "lookup",
    [
        *(_raises, lambda _: True, lambda _: ApiKey("")),
        lambda _: ApiKey("a", expires_at="x"),  # type: ignore[arg-type]
        lambda _: ApiKey("a", expires_at=float("nan")),
        lambda _: ApiKey("a", expires_at=float("inf")),
    ],
    ids=["raises", "no key", "no owner", "malformed end", "NaN", "infinite end"],
)
async def test_lookup_that_fails_is_an_outage(
    lookup: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """503, not 401; the log has only the type of the error."""
    guard = Guard(RESOURCE, [ApiKeyIssuer(NAME, lookup, prefix=PREFIX)])
    with pytest.raises(IssuerUnavailable):
        await caller(guard)
    assert [each.levelno for each in caplog.records] == [logging.ERROR]
    assert KEY not in caplog.text


async def test_lookup_that_does_not_return_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """After two seconds; here after less."""
    monkeypatch.setattr("oauth_guard.issuers.api_keys._SECONDS", 0.01)
    guard = Guard(RESOURCE, [ApiKeyIssuer(NAME, _slow, prefix=PREFIX)])
    with pytest.raises(IssuerUnavailable) as caught:
        await caller(guard)
    assert caught.value.reason == Reason.TIMED_OUT


def _write(path: Path, content: Any) -> None:
    other = path.with_suffix(".new")
    other.write_text(json.dumps(content))
    os.replace(other, path)  # noqa: PTH105 - as the documentation says


async def test_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """A file that becomes unreadable is an outage, until it is readable again."""
    path = tmp_path / "keys.json"
    _write(path, {HASH: {"owner": "ci", "scopes": "read"}})
    guard = Guard(RESOURCE, [ApiKeyIssuer(NAME, ApiKeyFile(path), prefix=PREFIX)])
    assert (await caller(guard)).scopes == {"read"}
    _write(path, {HASH: {"owner": "ci", "expires_at": 9e9}})
    assert (await caller(guard)).scopes == frozenset()
    _write(path, [])
    with pytest.raises(IssuerUnavailable):
        await caller(guard)
    _write(path, {})
    with pytest.raises(InvalidToken):
        await caller(guard)
    path.unlink()
    with pytest.raises(IssuerUnavailable):
        await caller(guard)


@pytest.mark.parametrize(
    "content",
    [
        *([], {"x": {"owner": "a"}}, {HASH: "a"}, {HASH: {}}, {HASH: {"owner": ""}}),
        *({HASH: {"owner": "a", "scopes": ["b"]}}, {HASH: {"owner": "a", "key": KEY}}),
        {HASH: {"owner": "a", "expires_at": float("nan")}},
    ],
    ids=["list", "no hash", "string", "no owner", "empty", "list of scopes", "the key", "NaN"],
)
def test_malformed_file_is_rejected(content: Any, tmp_path: Path) -> None:
    """The text shows nothing of it."""
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigurationError, match="can't be read") as caught:
        ApiKeyFile(path)
    assert KEY not in str(caught.value)


def test_missing_file_is_rejected(tmp_path: Path) -> None:
    """When the guard is built."""
    with pytest.raises(ConfigurationError):
        ApiKeyFile(tmp_path / "none")


@pytest.mark.parametrize("prefix", ["", "sk", "SK_", "_", "sk__", "eyJ.", "sk live_", "sk-live_"])
def test_prefix_of_another_form_is_rejected(prefix: str) -> None:
    """It must not look like the beginning of a JWT."""
    with pytest.raises(ConfigurationError, match="prefix="):
        issuer(prefix=prefix)


def test_setting_of_another_form_is_rejected() -> None:
    """A name and a function are needed."""
    with pytest.raises(ConfigurationError):
        ApiKeyIssuer("", NOTHING.get, prefix=PREFIX)
    with pytest.raises(ConfigurationError):
        ApiKeyIssuer(NAME, {}, prefix=PREFIX)  # type: ignore[arg-type] # as an operator may


def test_issuers_with_one_prefix_are_rejected() -> None:
    """Or if one prefix begins with another."""
    other = ApiKeyIssuer("other", NOTHING.get, prefix="sk_")
    with pytest.raises(ConfigurationError, match="same prefix"):
        Guard(RESOURCE, [issuer(), other])
    Guard(RESOURCE, [issuer(), ApiKeyIssuer("other", NOTHING.get, prefix="sk_test_")])


async def test_lifecycle_does_nothing_and_repr_is_short() -> None:
    """There is nothing to fetch."""
    keys = issuer()
    keys.start()
    await keys.load()
    await keys.aclose()
    assert repr(keys) == "ApiKeyIssuer('api-keys', prefix='sk_live_')"


def test_new_key_has_its_prefix_and_256_random_bits() -> None:
    """Its hash is that of the whole key."""
    one, other = new_api_key(PREFIX), new_api_key(PREFIX)
    assert one != other
    assert one[0].startswith(PREFIX)
    assert len(one[0]) == len(PREFIX) + 43
    assert one[1] == hash_api_key(one[0])


async def test_key_is_not_rejected_by_a_change_of_claims() -> None:
    """What it grants is looked up for each request, so it is never older than the change."""
    keys = {HASH: GRANTED}
    guard = Guard(RESOURCE, [issuer(keys)], deny_list=DenyList())
    await caller(guard)
    keys[HASH] = ApiKey("ci", frozenset({"read"}))
    await guard.claims_changed(NAME, subject="ci")
    assert (await caller(guard)).scopes == {"read"}
