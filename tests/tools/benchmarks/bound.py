"""Tokens bound to a key: a request with a new DPoP proof, and a Bearer token at the same guard."""

import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import cycle, repeat

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.utils import base64url_decode

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.jose.algorithms import der_signature
from oauth_guard.possession import DPoP, TLSExtension
from oauth_guard.testing import DPoPKey, LocalIssuer, SigningKey
from tests.tools.benchmarks.figures import Figure, Target
from tests.tools.benchmarks.measure import Row, Timings, called
from tests.tools.benchmarks.request import Fields, bearer
from tests.tools.benchmarks.rows import BARE, RESOURCE, Group, bare_app, row
from tests.tools.benchmarks.signatures import CALLS

_RAW = "raw ES256 check and JSON of a proof"
_PROVEN = "DPoP request, token seen before"
_BEARER = "Bearer token seen before, at a guard without proofs"
_BOTH = "Bearer token seen before, at a guard with dpop= and certificates="
_HOUR = 3600


@asynccontextmanager
async def bound(rounds: int) -> AsyncIterator[Group]:
    """Return the rows for one bound token with a proof for each call, and one Bearer token."""
    now = time.time()  # of all clocks, so that no proof becomes too old
    issuer = LocalIssuer(key=SigningKey("k1", "RS256"), clock=lambda: now)
    key = DPoPKey(clock=lambda: now)
    token = issuer.token("read", cnf=key.cnf, exp=now + _HOUR)
    proofs = [key.proof(token, "GET", f"{RESOURCE}/") for _ in range(called(CALLS, rounds))]
    keys = JWTIssuer(issuer.issuer, keys=issuer.jwks, clock=lambda: now)
    dpop = DPoP(max_proofs_per_key=len(proofs))
    plain = Guard(RESOURCE, [keys], clock=lambda: now)
    proving = Guard(RESOURCE, [keys], dpop=dpop, certificates=TLSExtension(), clock=lambda: now)
    fields = repeat(bearer(issuer.token("read", exp=now + _HOUR)))
    rows = [
        _raw_row(key, proofs),
        row(_PROVEN, OAuthGuardMiddleware(bare_app, proving), _sent(token, proofs), calls=CALLS),
        row(_BEARER, OAuthGuardMiddleware(bare_app, plain), fields),
        row(_BOTH, OAuthGuardMiddleware(bare_app, proving), fields),
    ]
    async with plain, proving:
        yield Group(rows, _figures)


def _sent(token: str, proofs: Iterable[str]) -> Iterator[Fields]:
    for proof in proofs:
        yield ((b"authorization", f"DPoP {token}".encode()), (b"dpop", proof.encode()))


def _raw_row(key: DPoPKey, proofs: Iterable[str]) -> Row:
    """Return the row of what no verification of a proof can do without."""
    x, y = (int.from_bytes(base64url_decode(key.jwk[name])) for name in ("x", "y"))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    how = ec.ECDSA(hashes.SHA256())
    parts = cycle([proof.encode().rpartition(b".") for proof in proofs])
    signatures = cycle([der_signature(base64url_decode(p.rpartition(".")[2])) for p in proofs])

    async def call() -> None:
        signed = next(parts)[0]
        for segment in signed.split(b"."):
            json.loads(base64url_decode(segment))
        public.verify(next(signatures), signed, how)

    return Row(_RAW, CALLS, call)


def _figures(timings: Timings) -> list[Figure]:
    raw, proven = timings.time(_RAW), timings.added(_PROVEN, BARE)
    plain, both = timings.added(_BEARER, BARE), timings.added(_BOTH, BARE)
    return [
        Figure(_RAW, raw, "µs"),
        Figure(f"{_PROVEN}: added", proven, "µs"),
        Figure(_PROVEN, proven / raw, "× raw", Target(1.6)),
        Figure(_BOTH, both / plain, "× without", Target(1.03)),
    ]
