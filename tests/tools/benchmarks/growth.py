"""How a cost grows: one row for each point of a curve, all in one interleaved run."""

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import TypeAlias

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware, Requirement
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.tools.benchmarks.cached_tokens import MOST, lookups
from tests.tools.benchmarks.figures import Curve, Shape
from tests.tools.benchmarks.measure import Row, Timings, called, measure
from tests.tools.benchmarks.request import bearer
from tests.tools.benchmarks.rows import RESOURCE, bare_app, row

_SEEN_CALLS, _NEW_CALLS = 100, 10
_FLAT = 1.5  # a ratio over the whole curve that counts as flat
_GROUP = "6b0b6e6c-0c3e-4f3b-9a51-4d2f1f0c7a9e"
_TO_BASE64 = 3 / 4
_LONGEST = 16 * 1024 - len("Bearer ")


@dataclass(frozen=True)
class Growth:
    """A curve to measure.

    Attributes:
        name: What is measured.
        x: What grows.
        rows: The row to time for each size.
    """

    name: str
    x: str
    rows: Mapping[float, Row]

    def curve(self, timings: Timings) -> Curve:
        """Return the curve that was timed."""
        points = tuple((x, timings.time(row.name)) for x, row in self.rows.items())
        return Curve(self.name, self.x, "µs", points, shape_of(points))


@dataclass(frozen=True)
class Point:
    """The requests at one point of a curve.

    Attributes:
        issuers: The trusted issuers.
        mint: Makes a token.
        requires: The required scopes.
    """

    issuers: Sequence[LocalIssuer]
    mint: Callable[[], str]
    requires: Requirement | None = None


Points: TypeAlias = Iterator[tuple[float, Point]]


async def measure_growth(rounds: int, most: int = MOST) -> list[Curve]:
    """Return the curves, up to *most* cached tokens."""
    memories = await lookups(most)
    growths = [Growth(name, "cached tokens", rows) for name, rows in memories.items()]
    for x, points in (("issuers", by_issuers()), ("scopes", by_scopes()), ("KiB", by_size())):
        growths += _seen_and_new(x, dict(points), rounds)
    rows = [row for growth in growths for row in growth.rows.values()]
    timings = (await measure(rows, rounds)).busy
    return [growth.curve(timings) for growth in growths]


def shape_of(points: Sequence[tuple[float, float]]) -> Shape:
    """Return the growth that fits the costs best, as one word."""
    sizes, costs = zip(*points, strict=True)
    if max(costs) < _FLAT * min(costs):
        return "flat"
    tenfold = statistics.correlation([*map(math.log10, sizes)], costs)
    return "logarithmic" if tenfold > statistics.correlation(sizes, costs) else "linear"


def by_issuers() -> Points:
    """Trust more issuers; the last one made the token."""
    key = SigningKey("k1")
    issuers = [LocalIssuer(f"https://issuer-{number}.test", key=key) for number in range(10)]
    for count in (1, 2, 5, 10):
        yield count, Point(issuers[:count], issuers[count - 1].token)


def by_scopes() -> Points:
    """Grant more scopes, and require all of them."""
    issuer = LocalIssuer()
    for count in (1, 5, 10, 25, 50):
        scopes = [f"orders:{number}:read" for number in range(count)]
        yield count, Point([issuer], partial(issuer.token, *scopes), Requirement.of(*scopes))


def by_size() -> Points:
    """Make longer tokens, by adding groups of the caller."""
    issuer = LocalIssuer()
    least = len(issuer.token(groups=[]))
    for kibibytes in (0.5, 1, 2, 4, 8, 16):
        size = min(int(kibibytes * 1024), _LONGEST) - least
        groups = [_GROUP] * int(size * _TO_BASE64 / len(f',"{_GROUP}"'))
        yield kibibytes, Point([issuer], partial(issuer.token, groups=groups))


def _seen_and_new(x: str, points: Mapping[float, Point], rounds: int) -> Iterator[Growth]:
    """Yield the rows for a token seen before and for a new one."""
    seen: dict[float, Row] = {}
    new: dict[float, Row] = {}
    for at, point in points.items():
        issuers = [JWTIssuer(each.issuer, keys=each.jwks) for each in point.issuers]
        app = OAuthGuardMiddleware(bare_app, Guard(RESOURCE, issuers), requires=point.requires)
        tokens = [bearer(point.mint()) for _ in range(called(_NEW_CALLS, rounds))]
        seen[at] = row(f"{at} {x}, seen", app, repeat(bearer(point.mint())), calls=_SEEN_CALLS)
        new[at] = row(f"{at} {x}, new", app, iter(tokens), calls=_NEW_CALLS)
    yield Growth("token seen before", x, seen)
    yield Growth("new token (ES256)", x, new)
