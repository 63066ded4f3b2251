"""Plan and Path: the input of each peer, and the requests that are made of it."""

import base64
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from oauth_guard.asgi import Application
from tests.tools.benchmarks.peers.guarded import Guarded
from tests.tools.benchmarks.request import Fields, bearer
from tests.tools.benchmarks.rows import bare_app

ONCE = 40  # the maximum number of requests in a round, if all must be distinct
_JUNK = 1000
SIZES = {"16 kB": 16_384, "64 kB": 65_536, "1 MB": 1_000_000, "5 MB": 5_000_000}


@dataclass(frozen=True)
class Plan:
    """The input of a peer, made by the parent.

    Attributes:
        origin: The origin of the issuer's metadata and keys.
        introspection: Its introspection endpoint.
        modulus: The modulus of its RSA key, whose exponent is 65537.
        seen: The token that is sent repeatedly.
        new: Tokens that are sent once each.
        forged: The same tokens with the signature of another.
        kept: Tokens that are sent while the issuer is down.
    """

    origin: str
    introspection: str
    modulus: int
    seen: str
    new: Sequence[str]
    forged: Sequence[str]
    kept: Sequence[str]


@dataclass(frozen=True)
class Path:
    """One kind of request.

    Attributes:
        name: What is sent.
        app: The application.
        requests: The header fields of each request, beside those of a typical client.
        most: The maximum number of requests in a round.
    """

    name: str
    app: Application
    requests: Iterator[Fields]
    most: int = 200


@dataclass(frozen=True)
class Work:
    """A computation with which requests are compared.

    Attributes:
        name: Its name.
        call: Runs it once.
        most: The number of calls in a round.
    """

    name: str
    call: Callable[[], None]
    most: int = 200


def build_paths(guarded: Guarded, plan: Plan) -> list[Path | Work]:
    """Return what is timed; the unguarded applications and the raw check come first."""
    seen = bearer(plan.seen)
    junk = [bearer(f"abc.def.{number}") for number in range(_JUNK)]
    sized = {name: bearer(_inflated(plan.seen, size)) for name, size in SIZES.items()}
    app, same = guarded.app, itertools.repeat
    return [
        Path("bare", bare_app, same(seen)),
        Path("unguarded", guarded.unguarded, same(seen)),
        Work("raw", raw_verify(plan)),
        Path("seen", app, same(seen)),
        Path("new", app, iter([bearer(token) for token in plan.new]), most=ONCE),
        Path("none", app, same(())),
        Path("junk", app, itertools.cycle(junk)),
        Path("forged", app, iter([bearer(token) for token in plan.forged]), most=ONCE),
        *(Path(size, app, same(fields)) for size, fields in sized.items()),
    ]


def raw_verify(plan: Plan) -> Callable[[], None]:
    """Return a function that verifies one prepared signature after the other."""
    key = RSAPublicNumbers(65537, plan.modulus).public_key()
    padding, digest = PKCS1v15(), SHA256()
    signed = [token.rpartition(".") for token in plan.new]
    parts = itertools.cycle([(_decoded(last), first.encode()) for first, _, last in signed])

    def verify() -> None:
        key.verify(*next(parts), padding, digest)

    return verify


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _inflated(token: str, size: int) -> str:
    """Return *token* with its payload enlarged to this *size*."""
    header, _, signature = token.split(".")
    return f"{header}.{'a' * (size - len(header) - len(signature) - 2)}.{signature}"
