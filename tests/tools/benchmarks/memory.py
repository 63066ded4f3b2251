"""The memory that a guard uses for the tokens that it has seen, valid and invalid ones."""

import gc
import itertools
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from oauth_guard import (
    ClientSecretBasic,
    Guard,
    IntrospectionIssuer,
    JWTIssuer,
    OAuthGuardMiddleware,
)
from oauth_guard.interfaces import Issuer
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.tools.benchmarks.figures import Figure, Target
from tests.tools.benchmarks.request import status_of
from tests.tools.benchmarks.rows import RESOURCE, bare_app

_BOUND = 10_000  # the capacity of the identity cache
_OK, _REJECTED = {200}, {400, 401}
_WARM = 100
# With ES256, the interpreter itself caches a few hundred names for cryptography.
_make_key = partial(SigningKey, "k1", "EdDSA")


class MeasuredGuard:
    """A guarded application, and the memory that requests leave in use.

    Args:
        local: The issuer of the valid tokens.
        issuer: The same issuer, as the guard knows it.
    """

    def __init__(self, local: LocalIssuer, issuer: Issuer) -> None:
        self._local = local
        self._app = OAuthGuardMiddleware(bare_app, Guard(RESOURCE, [issuer]))

    async def send(self, tokens: Sequence[str], statuses: set[int]) -> int:
        """Send *tokens*, and return how many more bytes are in use afterwards."""
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for token in tokens:
            if (status := await status_of(self._app, token)) not in statuses:
                raise RuntimeError(f"the status was {status}, not one of {statuses}")
        self._local.introspection.requests.clear()
        self._local.requests.clear()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before


async def measure_memory(tokens: int = _BOUND) -> list[Figure]:
    """Return the memory for *tokens* valid tokens, for as many more, and for as many invalid ones.

    It is flat beyond the capacity of the cache only if *tokens* reaches that capacity.
    """
    issuer = LocalIssuer(key=_make_key())
    holder = MeasuredGuard(issuer, JWTIssuer(issuer.issuer, http=issuer.http))
    good, bad = good_tokens(issuer.token), bad_tokens(issuer)
    await holder.send(_some(good, _WARM), _OK)
    await holder.send(_some(bad, _WARM), _REJECTED)
    firsts, seconds, rejected = (_some(each, tokens) for each in (good, good, bad))
    collecting = _collecting()
    with _tracing():
        for_rejected = await holder.send(rejected, _REJECTED)
        for_firsts = await holder.send(firsts, _OK)
        for_seconds = await holder.send(seconds, _OK)
    longer = _collecting() - collecting  # not while memory is traced, which makes it slower
    return [
        Figure("token of 10 claims, cached", for_firsts / tokens, "bytes", Target(1300)),
        Figure("the same, opaque", await _opaque(tokens // 5), "bytes", Target(2500)),
        Figure("token past the first 10 000", round(for_seconds / tokens), "bytes", Target(100)),
        Figure("token rejected", round(for_rejected / tokens), "bytes", Target(0, counted=True)),
        Figure("a full garbage collection, with 10 000 cached: longer by", longer, "ms"),
    ]


async def _opaque(tokens: int) -> float:
    """Return the memory for each introspected token."""
    issuer = LocalIssuer()
    client = ClientSecretBasic("api", "secret")
    introspecting = IntrospectionIssuer(issuer.issuer, client=client, http=issuer.http)
    holder, good = MeasuredGuard(issuer, introspecting), good_tokens(issuer.opaque_token)
    await holder.send(_some(good, _WARM), _OK)
    some = _some(good, tokens)
    with _tracing():
        return await holder.send(some, _OK) / tokens


def _collecting() -> float:
    """Return how many milliseconds a full garbage collection takes."""
    times = []
    for _ in range(3):
        began = time.process_time()
        gc.collect()
        times.append(time.process_time() - began)
    return min(times) * 1000


def good_tokens(mint: Callable[..., str]) -> Iterator[str]:
    """Yield tokens of 10 claims, each of another subject."""
    for number in itertools.count():
        yield mint(
            "orders:read",
            "orders:write",
            sub=f"user-{number:08}",
            name=f"Ada Lovelace the {number}th",
            email=f"ada-{number}@example.com",
        )


def bad_tokens(issuer: LocalIssuer) -> Iterator[str]:
    """Yield tokens that are rejected, each for another reason than the one before."""
    stranger = LocalIssuer(issuer.issuer, key=_make_key())  # whose key has the same `kid`
    unknown = LocalIssuer("https://unknown.test")
    for number in itertools.count():
        yield f"opaque-{number}"
        yield f"abc.def.{number}"
        yield stranger.token("read")
        yield unknown.token("read")
        yield issuer.token("read", aud="https://other.test")
        yield issuer.token("read", exp=number)
        yield issuer.token("read", header={"typ": "JWT"})
        yield f"{number:020000}"


def _some(tokens: Iterator[str], count: int) -> list[str]:
    return list(itertools.islice(tokens, count))


@contextmanager
def _tracing() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
