"""Guard: a token is accepted only if every confirmation is proven, on hits and misses alike."""

import asyncio
import json
from functools import cache
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from oauth_guard import Guard, JWTIssuer
from oauth_guard.errors import RequestRejected
from oauth_guard.possession import DPoP, TLSExtension
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer, SigningKey
from oauth_guard.testing.certificates import ClientCertificate
from oauth_guard.testing.dpop import DPoPKey
from tests.unit.protocol.properties import BOUNDED

NOW = 1_800_000_000
URL = "https://api.test/r"
_NUMBERS = count()


@cache
def keys() -> tuple[SigningKey, DPoPKey, DPoPKey, ClientCertificate, ClientCertificate]:
    """Return the issuer's key, and for each kind of proof the owner's key and a thief's."""
    return (
        SigningKey("k1"),
        *(DPoPKey(clock=_now), DPoPKey(clock=_now)),
        *(ClientCertificate("owner"), ClientCertificate("thief")),
    )


def _now() -> float:
    return NOW


def _values() -> dict[str, st.SearchStrategy[Any]]:
    _, owner, thief, certificate, other = keys()
    thumbprints = [owner.thumbprint, thief.thumbprint, certificate.thumbprint, other.thumbprint]
    values = st.sampled_from([*thumbprints, "", None, 1, thumbprints])
    return {
        "jkt": st.just(owner.thumbprint) | values,
        "x5t#S256": st.just(certificate.thumbprint) | values,
        "jwk": st.just({"kty": "EC"}),
        "kid": values,
    }


@st.composite
def confirmations(draw: st.DrawFn) -> Any:
    """Draw a `cnf` claim, or `...` for a token without one."""
    kind = draw(st.sampled_from(["members", "members", "members", "none", "malformed"]))
    if kind == "none":
        return ...
    if kind == "malformed":
        return draw(st.sampled_from([{}, [], "x", 0, False, None]))
    values = _values()
    names = draw(st.sets(st.sampled_from(["jkt", "jkt", "x5t#S256", "jwk", "kid"]), max_size=3))
    return {name: draw(values[name]) for name in sorted(names)}


proofs = st.sampled_from([None, "owner", "owner", "thief", "junk"])
certificates = st.sampled_from([None, "owner", "owner", "thief"])
schemes = st.sampled_from(["DPoP", "DPoP", "Bearer", "bearer", "dpop"])
presented = st.tuples(schemes, proofs, certificates)


def request(token: str, scheme: str, proof: str | None, shown: str | None) -> ResourceRequest:
    """Return a request that presents a token and these proofs."""
    _, owner, thief, certificate, other = keys()
    headers = [(b"authorization", f"{scheme} {token}".encode())]
    if proof is not None:
        made = {
            "owner": owner.proof(token, "GET", URL),
            "thief": thief.proof(token, "GET", URL),
            "junk": "junk",
        }
        headers.append((b"dpop", made[proof].encode()))
    chain = {None: [], "owner": [certificate.pem], "thief": [other.pem]}[shown]
    extensions = {"tls": {"client_cert_chain": chain}}
    connection = {"method": "GET", "path": "/r", "raw_path": b"/r", "extensions": extensions}
    return ResourceRequest({**connection, "headers": headers})


def is_proven(cnf: Any, scheme: str, proof: str | None, shown: str | None) -> bool:
    """Return whether everything that binds the token is proven, and nothing contradicts it."""
    _, owner, thief, certificate, other = keys()
    is_dpop = scheme.lower() == "dpop"
    if proof is not None and not is_dpop:
        return False
    if cnf is ...:
        return not is_dpop
    if not isinstance(cnf, dict) or not cnf or is_dpop is not ("jkt" in cnf):
        return False
    signed_by = {"owner": owner, "thief": thief}.get(proof or "")
    certified = {"owner": certificate, "thief": other}.get(shown or "")
    proven = {
        "jkt": signed_by and signed_by.thumbprint,
        "x5t#S256": certified and certified.thumbprint,
    }
    return all(value is not None and value == proven.get(name) for name, value in cnf.items())


@BOUNDED
@given(confirmations(), st.lists(presented, min_size=1, max_size=6))
def test_token_is_accepted_only_with_every_proof(cnf: Any, history: list[Any]) -> None:
    """For any `cnf`, whoever has called before with the same token."""

    async def compare() -> None:
        local = LocalIssuer(key=keys()[0], clock=_now)
        issuer = JWTIssuer(local.issuer, keys=local.jwks, clock=_now)
        guard = Guard(
            local.audience,
            [issuer],
            dpop=DPoP(),
            certificates=TLSExtension(),
            clock=_now,
        )
        claims = {} if cnf is ... else {"cnf": cnf}
        members = {**local.claims("read"), "jti": str(next(_NUMBERS)), **claims}
        token = local.token(**members) if cnf is not None else _with_null(local, members)
        for scheme, proof, shown in history:
            try:
                await guard.authenticate(request(token, scheme, proof, shown))
            except RequestRejected:
                accepted = False
            else:
                accepted = True
            assert accepted is is_proven(cnf, scheme, proof, shown)
        await guard.aclose()

    asyncio.run(compare())


def _with_null(local: LocalIssuer, claims: dict[str, Any]) -> str:
    """Return a token whose `cnf` is null; `LocalIssuer.token` would leave it out."""
    payload = json.dumps({**claims, "cnf": None}).encode()
    return local.keys[0].sign(payload, {"typ": "at+jwt"})
