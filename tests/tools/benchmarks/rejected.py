"""Rejected requests: no token, junk, a forged signature, a header that is far too long."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import repeat

from oauth_guard import OAuthGuardMiddleware
from oauth_guard.asgi import Application
from tests.tools.benchmarks.figures import Figure, Target
from tests.tools.benchmarks.measure import Row, Timings, called
from tests.tools.benchmarks.request import Fields, bearer, status_of
from tests.tools.benchmarks.rows import BARE, Group, bare_app, check_fetches, guard_for, row
from tests.tools.benchmarks.signatures import CALLS, Minted, mint

_REJECTED = 401
_FETCHES_FOR_FORGED = 20
_NO_TOKEN = "no token → 401"
_FORGED = "forged RS256 signature → 401"
_JUNK_CALLS = 100
_JUNK = (
    ("junk → 401: three short words", 5.5),
    ("junk → 401: as an opaque token", 5.5),
    ("junk → 401: as long as a JWT", 6.5),
)
_TOO_LONG = 400
_WITHIN = "header just within the bound, as an opaque token → 401"
_LONG = {"16 kB": 16_384, "64 kB": 65_536, "1 MB": 1_000_000, "5 MB": 5_000_000}


@asynccontextmanager
async def rejected(rounds: int) -> AsyncIterator[Group]:
    """Return the rows for requests that must not reach the application."""
    minted = mint("RS256", rounds)
    junk = _junk(called(_JUNK_CALLS, rounds))
    async with guard_for(minted.issuer) as guard:
        app = OAuthGuardMiddleware(bare_app, guard)
        await status_of(app, minted.tokens[0])  # as in practice: valid tokens came before
        rows = [
            row(_NO_TOKEN, app, repeat(()), status=_REJECTED),
            *(
                row(name, app, map(bearer, tokens), status=_REJECTED, calls=_JUNK_CALLS)
                for name, tokens in junk.items()
            ),
            minted.raw_row(),
            row(_FORGED, app, map(bearer, minted.forged()), status=_REJECTED, calls=CALLS),
            row(_WITHIN, app, repeat(bearer("a" * 16_000)), status=_REJECTED),
            *_long_rows(app),
        ]
        yield Group(rows, lambda timings: _figures(timings, minted))


def _junk(count: int) -> dict[str, list[str]]:
    """Return junk of each kind without repetition, since an attacker would not repeat it."""

    def segments(*lengths: int) -> str:
        return ".".join(secrets.token_urlsafe(length) for length in lengths)

    kinds = (
        [f"abc.def.{number}" for number in range(count)],
        [segments(32) for _ in range(count)],
        [segments(48, 240, 256) for _ in range(count)],
    )
    return {name: tokens for (name, _), tokens in zip(_JUNK, kinds, strict=True)}


def _long_rows(app: Application) -> Iterator[Row]:
    for size, length in _LONG.items():
        fields: Fields = bearer("a" * length)
        yield row(_long(size, BARE), bare_app, repeat(fields))
        yield row(_long(size, "rejected"), app, repeat(fields), status=_TOO_LONG)


def _long(size: str, by: str) -> str:
    return f"header of {size}: {by}"


def _figures(timings: Timings, minted: Minted) -> list[Figure]:
    # A bad signature may mean that the key was replaced, so a few cause a fetch.
    check_fetches(minted.issuer, times=_FETCHES_FOR_FORGED)
    raw = timings.time(minted.raw_name)
    figures = [
        Figure(_NO_TOKEN, timings.added(_NO_TOKEN, BARE), "µs", Target(2.2)),
        *(Figure(name, timings.added(name, BARE), "µs", Target(bound)) for name, bound in _JUNK),
        Figure(_FORGED, timings.added(_FORGED, BARE) / raw, "× raw", Target(2.05)),
        Figure(_WITHIN, timings.added(_WITHIN, BARE), "µs"),
    ]
    for size in _LONG:
        added = timings.added(_long(size, "rejected"), _long(size, BARE))
        figures.append(Figure(_long(size, "rejected"), added, "µs", Target(3)))
    return figures
