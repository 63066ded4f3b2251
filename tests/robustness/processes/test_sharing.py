"""What one process has asked, another knows; whoever writes to what they share gains nothing."""

from collections.abc import Callable

import pytest
from redis.asyncio import Redis

from tests.robustness.processes.service import Authority, GuardProcess

pytestmark = pytest.mark.needs("valkey-server")

Service = list[GuardProcess]


async def value(client: Redis, key: bytes | str) -> bytes:
    """Return what is kept under *key*."""
    kept = await client.get(key)
    assert isinstance(kept, bytes)
    return kept


async def test_the_second_process_answers_without_a_question(
    authority: Authority, service: Service
) -> None:
    """It says the same, from what the first one was told."""
    token = authority.local.opaque_token("read", "write")
    answers = [await process.get(token) for process in service * 2]
    assert [each.status_code for each in answers] == [200] * 4
    assert {each.content for each in answers} == {b'{"subject":"u1","scopes":["read","write"]}'}
    assert authority.questions == 1


async def test_what_a_fresh_route_learns_in_one_process_the_other_learns_too(
    authority: Authority, service: Service
) -> None:
    """A revocation takes the place of what was shared; what a process knows itself runs out."""
    first, second = service
    token = authority.local.opaque_token("read")
    assert (await first.get(token)).status_code == 200
    authority.local.revoke(token)
    assert (await first.get(token, "/now")).status_code == 401
    assert (await first.get(token)).status_code == 401
    assert (await second.get(token)).status_code == 401
    assert authority.questions == 2


def _forged(sealed: bytes, _: bytes) -> bytes:
    return sealed.replace(b'"sub": "u', b'"sub": "root')


def _longer(sealed: bytes, _: bytes) -> bytes:
    version, end, rest = sealed.split(b":", 2)
    return b":".join((version, repr(float(end) + 1e6).encode(), rest))


def _unsealed(sealed: bytes, _: bytes) -> bytes:
    return sealed.split(b":", 3)[3]


def _moved(_: bytes, other: bytes) -> bytes:
    return other


def _garbage(_: bytes, __: bytes) -> bytes:
    return b"\xff\x00"


@pytest.mark.parametrize("tampered", [_forged, _longer, _unsealed, _moved, _garbage])
async def test_a_tampered_value_is_a_miss_and_an_event(
    authority: Authority,
    service: Service,
    anybody: Redis,
    tampered: Callable[[bytes, bytes], bytes],
) -> None:
    """The issuer is asked again, the caller is who it says, and the operator is told."""
    first, second = service
    tokens = [authority.local.opaque_token("read"), authority.local.opaque_token("admin", sub="u2")]
    honest = [(await first.get(token)).content for token in tokens]
    keys = await anybody.keys()
    values = [await value(anybody, key) for key in keys]
    for key, mine, other in zip(keys, values, reversed(values), strict=True):
        await anybody.set(key, tampered(mine, other), keepttl=True)

    assert authority.questions == 2
    assert [(await second.get(token)).content for token in tokens] == honest
    assert authority.questions == 4
    assert (
        second.log.count("WARNING oauth_guard a stored value was rejected: its seal is not valid")
        == 2
    )
    assert not any(token in second.log for token in tokens)


async def test_a_revoked_token_is_not_brought_back_by_the_value_of_another(
    authority: Authority, service: Service, anybody: Redis
) -> None:
    """A good value stands for its own token alone."""
    first, second = service
    revoked, good = authority.local.opaque_token("read"), authority.local.opaque_token("read")
    await first.get(revoked)
    (key,) = await anybody.keys()
    await first.get(good)
    (other,) = {*await anybody.keys()} - {key}
    await anybody.set(key, await value(anybody, other))
    authority.local.revoke(revoked)
    assert (await second.get(revoked)).status_code == 401
