"""What a guard holds in memory for the tokens that it has seen, good ones and bad ones."""

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

_BOUND = 10_000  # tokens that a guard remembers
_OK, _REFUSED = {200}, {400, 401}
_WARM = 100
# With ES256, the interpreter itself keeps a few hundred names that cryptography looks up.
_make_key = partial(SigningKey, "k1", "EdDSA")


class Holder:
    """A guarded application, and how much memory it holds for what was sent to it.

    Args:
        local: Whose tokens are good.
        issuer: The same one, as the guard knows it.
    """

    def __init__(self, local: LocalIssuer, issuer: Issuer) -> None:
        self._local = local
        self._app = OAuthGuardMiddleware(bare_app, Guard(RESOURCE, [issuer]))

    async def send(self, tokens: Sequence[str], statuses: set[int]) -> int:
        """Send *tokens*, and return how many bytes more are held after the last of them."""
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for token in tokens:
            if (status := await status_of(self._app, token)) not in statuses:
                raise RuntimeError(f"the answer was {status}, not one of {statuses}")
        self._local.introspection.requests.clear()
        self._local.requests.clear()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before


async def measure_memory(tokens: int = _BOUND) -> list[Figure]:
    """Return what is held for *tokens* good ones, for as many more, and for as many bad ones.

    It is flat past the bound of a guard only if there are that many of them.
    """
    issuer = LocalIssuer(key=_make_key())
    holder = Holder(issuer, JWTIssuer(issuer.issuer, http=issuer.http))
    good, bad = good_tokens(issuer.token), bad_tokens(issuer)
    await holder.send(_some(good, _WARM), _OK)
    await holder.send(_some(bad, _WARM), _REFUSED)
    firsts, seconds, refused = (_some(each, tokens) for each in (good, good, bad))
    with _tracing():
        for_refused = await holder.send(refused, _REFUSED)
        collecting = _collecting()
        for_firsts = await holder.send(firsts, _OK)
        for_seconds = await holder.send(seconds, _OK)
        longer = _collecting() - collecting
    return [
        Figure("token of 10 claims, remembered", for_firsts / tokens, "bytes", Target(2500)),
        Figure("the same, opaque", await _opaque(tokens // 5), "bytes", Target(2500)),
        Figure("token past the first 10 000", round(for_seconds / tokens), "bytes", Target(100)),
        Figure("token refused", round(for_refused / tokens), "bytes", Target(0, counted=True)),
        Figure("a full garbage collection, with 10 000 remembered: longer by", longer, "ms"),
    ]


async def _opaque(tokens: int) -> float:
    """Return what is held for each of some tokens that the issuer was asked about."""
    issuer = LocalIssuer()
    client = ClientSecretBasic("api", "secret")
    asking = IntrospectionIssuer(issuer.issuer, client=client, http=issuer.http)
    holder, good = Holder(issuer, asking), good_tokens(issuer.opaque_token)
    await holder.send(_some(good, _WARM), _OK)
    some = _some(good, tokens)
    with _tracing():
        return await holder.send(some, _OK) / tokens


def _collecting() -> float:
    """Return for how many milliseconds a collection of all garbage keeps everybody waiting."""
    times = []
    for _ in range(3):
        began = time.process_time()
        gc.collect()
        times.append(time.process_time() - began)
    return min(times) * 1000


def good_tokens(mint: Callable[..., str]) -> Iterator[str]:
    """Yield tokens of 10 claims, each of another caller."""
    for number in itertools.count():
        yield mint(
            "orders:read",
            "orders:write",
            sub=f"user-{number:08}",
            name=f"Ada Lovelace the {number}th",
            email=f"ada-{number}@example.com",
        )


def bad_tokens(issuer: LocalIssuer) -> Iterator[str]:
    """Yield tokens that are refused, each for another reason than the one before."""
    stranger = LocalIssuer(issuer.issuer, key=_make_key())  # whose key has the same name
    nobody = LocalIssuer("https://nobody.test")
    for number in itertools.count():
        yield f"opaque-{number}"
        yield f"abc.def.{number}"
        yield stranger.token("read")
        yield nobody.token("read")
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
