"""axioms-fastapi, with the dependency `require_auth` in FastAPI, as its documentation describes."""

from axioms_fastapi import init_axioms, register_axioms_exception_handler, require_auth
from axioms_fastapi.helper import cache

from tests.tools.benchmarks.peers.guarded import AUDIENCE, ISSUER, Guarded, Issuer
from tests.tools.benchmarks.peers.setups.route import fastapi_route


async def build(issuer: Issuer, _keys_live: float | None = None) -> Guarded:
    """Set it up; its keys live for ten minutes, which no setting changes."""
    app = fastapi_route(require_auth)
    init_axioms(
        app,
        AXIOMS_AUDIENCE=AUDIENCE,
        AXIOMS_ISS_URL=ISSUER,
        AXIOMS_JWKS_URL=issuer.jwks_uri,
    )
    register_axioms_exception_handler(app)

    def age_keys() -> None:
        for url, (keys, _) in list(cache._cache.items()):  # noqa: SLF001 - no setting does it
            cache.set(url, keys, timeout=-1)

    return Guarded(app, fastapi_route(), age_keys=age_keys)
