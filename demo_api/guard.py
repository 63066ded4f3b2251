"""create_guard(): the guard of a resource, which validates JWTs or introspects opaque tokens."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from demo_api import accounts, with_fastapi
from demo_api.persistent_secrets import PersistentSecrets
from demo_api.serving import is_loopback
from oauth_guard import ClientSecretBasic, Guard, IntrospectionIssuer, JWTIssuer
from oauth_guard.deny_list import DenyList
from oauth_guard.possession import DPoP, Nonces, PossessionSettings
from oauth_guard.stores.redis import RedisStore
from oauth_guard.stores.redis_notices import RedisNotices
from oauth_guard.stores.redis_once import RedisOnce

#: For how many seconds the API caches an introspection result, even if the token is revoked.
CACHED_SECONDS = 10


@dataclass(frozen=True)
class SharedStores:
    """What the processes of the demo share, through the Redis server at *redis* if it is set."""

    stored: PersistentSecrets
    redis: str | None

    def store(self, clock: Callable[[], float]) -> RedisStore | None:
        """Return where a guard shares introspection results."""
        if self.redis is None:
            return None
        return RedisStore(self.redis, key=self.stored.bytes("store key"), clock=clock)

    def deny_list(self, clock: Callable[[], float]) -> DenyList:
        """Return the revoked tokens, which the guards of a process share."""
        return DenyList(RedisNotices(self.redis) if self.redis else None, clock=clock)

    def dpop(self) -> DPoP:
        """Return the settings of DPoP, which name where a guard shares used proofs."""
        replays = RedisOnce(self.redis) if self.redis else None
        return DPoP(nonces=Nonces(self.stored.bytes("nonce key")), replays=replays)


def create_guard(  # noqa: PLR0913 - settings, each by keyword
    origin: str,
    path: str,
    *,
    opaque: bool,
    shared: SharedStores,
    deny_list: DenyList,
    http: httpx.AsyncClient,
    clock: Callable[[], float],
) -> Guard:
    """Return the guard of the resource at *path* of *origin*, which is also that of its issuer."""
    # Only --i-know-this-is-a-demo allows an address beyond loopback.
    on_loopback = is_loopback(urlsplit(origin).hostname or "")
    jwt_issuer = JWTIssuer(origin, http=http, insecure_http=not on_loopback)
    opaque_issuer = IntrospectionIssuer(
        origin,
        client=ClientSecretBasic(accounts.API.client_id, accounts.API.client_secret or ""),
        cache_for=CACHED_SECONDS,
        http=http,
        insecure_http=not on_loopback,
    )
    # The origin that proofs name is https beyond loopback, which the demo does not serve.
    possession: PossessionSettings = {"dpop": shared.dpop()} if on_loopback else {}
    return Guard(
        f"{origin}{path}",
        # One client gets opaque tokens where the others get signed ones.
        [opaque_issuer] if opaque else [jwt_issuer, opaque_issuer],
        scopes_supported=with_fastapi.SCOPES,
        debug=on_loopback,
        trace=True,
        insecure_http=not on_loopback,
        store=shared.store(clock),
        deny_list=deny_list,
        clock=clock,
        **possession,
    )
