"""ISSUER_SCENES: what the issuer, the store or another service responds, and when it does not."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from oauth_guard import ClientSecretBasic, IntrospectionIssuer, JWTIssuer
from oauth_guard.deny_list import DenyList
from oauth_guard.issuers.development import DevelopmentIssuer
from oauth_guard.issuers.development_store import DevelopmentStore
from oauth_guard.possession import DPoP
from oauth_guard.reasons import Reason
from oauth_guard.stores.redis_notices import RedisNotices
from oauth_guard.stores.redis_once import RedisOnce
from oauth_guard.testing import LocalIssuer
from tests.builders.valkey_server import free_port, running_valkey
from tests.tools.reason_pages.scene import (
    HEADERS,
    REQUEST,
    TOKEN,
    Prepare,
    Scene,
    send_token,
)
from tests.tools.reason_pages.stage import ISSUER, STORE, Stage

_CHECK = "oauth-guard check --deadline 1 | grep '{check}'"
_KEYS = _CHECK.format(check="keys and metadata")
_CREDENTIALS = _CHECK.format(check="introspection")
_INTROSPECT = f"""curl -s -u api:secret --data-urlencode token@token.txt {ISSUER}/introspect |
    python3 -c 'import json, sys; print(json.load(sys.stdin).get("{{member}}"))'"""
_PING = f"""python3 -c '
import redis
print(redis.Redis.from_url("{STORE}").ping())' 2>&1 | tail -n 1"""
_FILE = "`oauth_guard.toml` has the address of the issuer; the command comes with the extra `cli`."
_CLIENT = f"{TOKEN} `api` and `secret` are the credentials of the API at the issuer."
_STORE = "The address is that of the store; the client comes with the extra `redis`."
_CONFIGURATION = """\
resource = "{api}"

[[issuers]]
kind = "introspection"
issuer = "{issuer}"
endpoint = "{issuer}/introspect"
client = {{ kind = "secret basic", client_id = "api", secret = "secret" }}
"""
_SLOW = 3
_FLOOD = 100
_ATTEMPTS = 50


def _genuine(stage: Stage) -> int:
    return send_token(stage, stage.issuer.token("orders:read"))


def _with(break_it: Callable[[LocalIssuer], None]) -> Prepare:
    """Send a genuine token after *break_it* has changed the issuer."""

    def prepare(stage: Stage) -> int:
        sent = stage.issuer.token("orders:read")
        break_it(stage.issuer)
        return send_token(stage, sent)

    return prepare


def _unreachable(stage: Stage) -> int:
    stage.issuer = LocalIssuer(f"http://127.0.0.1:{free_port()}", audience=stage.api)
    stage.serve()
    stage.configure()
    return _genuine(stage)


def _backing_off(stage: Stage) -> int:
    """Send a token again soon after the issuer failed."""
    _introspecting(_failing)(stage)
    return send_token(stage, (stage.folder / "token.txt").read_text(encoding="utf-8"))


def _failing(stage: Stage, _: str) -> None:
    stage.issuer.outage = lambda _: httpx.Response(500)


def _not_found(issuer: LocalIssuer) -> None:
    issuer.outage = lambda _: httpx.Response(404)


def _another_name(issuer: LocalIssuer) -> None:
    issuer.metadata = issuer.metadata | {"issuer": f"{issuer.issuer}/"}


def _no_keys(issuer: LocalIssuer) -> None:
    issuer.keys = []


def _keys(break_it: Callable[[LocalIssuer], None]) -> Scene:
    return Scene(_KEYS, _with(break_it), _genuine, needs=_FILE)


def _introspecting(
    break_it: Callable[[Stage, str], None] = lambda *_: None, **route: Any
) -> Prepare:
    """Send an opaque token, after *break_it* has changed what the issuer says about it."""

    def prepare(stage: Stage) -> int:
        stage.configure(_CONFIGURATION)
        stage.serve(issuers=[_introspection_issuer(stage)], route=route)
        sent = stage.issuer.opaque_token("orders:read")
        break_it(stage, sent)
        return send_token(stage, sent)

    return prepare


def _introspection_issuer(stage: Stage) -> IntrospectionIssuer:
    endpoint = f"{stage.issuer.issuer}/introspect"
    client = ClientSecretBasic("api", "secret")
    return IntrospectionIssuer(stage.issuer.issuer, client=client, endpoint=endpoint)


def _says(**members: Any) -> Callable[[Stage, str], None]:
    """Change members of the introspection response; None removes one."""

    def change(stage: Stage, sent: str) -> None:
        responses = stage.issuer.introspection.responses
        changed = responses[sent] | members
        responses[sent] = {name: value for name, value in changed.items() if value is not None}

    return change


def _slow(stage: Stage, _: str) -> None:
    async def wait(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(_SLOW)
        return httpx.Response(503)

    stage.issuer.outage = wait


def _flooded(stage: Stage) -> int:
    """Send many unknown tokens together, while the issuer is slow."""
    _introspecting()(stage)
    _slow(stage, "")
    headers = [{"Authorization": f"Bearer unknown-{number}"} for number in range(_FLOOD)]

    async def flood() -> list[int]:
        async with httpx.AsyncClient(trust_env=False, timeout=30, limits=httpx.Limits()) as client:
            sent = [client.get(stage.url, headers=each) for each in headers]
            return [each.status_code for each in await asyncio.gather(*sent)]

    return max(asyncio.run(flood()))


def _another_secret(stage: Stage, _: str) -> None:
    stage.issuer.introspection.clients["api"] = "a new secret"


def _unsupported(stage: Stage, _: str) -> None:
    error = {"error": "unsupported_token_type"}
    stage.issuer.outage = lambda _: httpx.Response(400, json=error)


def _as_seen_now(**changes: Any) -> Prepare:
    """Send a JWT to a route that introspects, where the issuer now says *changes*."""

    def prepare(stage: Stage) -> int:
        issuer = JWTIssuer(stage.issuer.issuer, introspection=_introspection_issuer(stage))
        stage.serve(issuers=[issuer], route={"introspect": True})
        sent = stage.issuer.token("orders:read")
        _says(**changes)(stage, sent)
        return send_token(stage, sent)

    return prepare


def _with_store(serve: Callable[[Stage], int], *, running: bool) -> Prepare:
    def prepare(stage: Stage) -> int:
        if running:
            stage.store = stage.resources.enter_context(running_valkey())
        else:
            stage.store = f"redis://127.0.0.1:{free_port()}"
        return serve(stage)

    return prepare


def _proofs_in_store(stage: Stage) -> int:
    stage.serve(dpop=DPoP(replays=RedisOnce(stage.store)))
    sent = stage.issuer.token("orders:read", cnf=stage.key.cnf)
    return stage.send(list(stage.key.headers(sent, "GET", stage.url).items()))


def _revocations_in_store(stage: Stage) -> int:
    stage.serve(deny_list=DenyList(RedisNotices(stage.store)))
    return _genuine(stage)


def _revocations_are_read(stage: Stage) -> int:
    status = _revocations_in_store(stage)
    for _ in range(_ATTEMPTS):
        stage.lines()  # the first requests are sent before the store is read
        if (status := _genuine(stage)) == httpx.codes.OK:
            break
        time.sleep(0.02)
    return status


def _development(*forwarded: tuple[str, str]) -> Prepare:
    def prepare(stage: Stage) -> None:
        store = DevelopmentStore(Path(stage.folder) / "own")
        stage.serve(issuers=[DevelopmentIssuer(store)])
        sent = store.issue(["orders:read"], "developer", 600)
        own = [("Authorization", f"Bearer {sent}"), *forwarded]
        stage.write("headers.txt", "".join(f"{name}: {value}\n" for name, value in own))
        # the command itself sends the request

    return prepare


_KEY_SCENES: Mapping[Reason, Scene] = {
    Reason.UNREACHABLE: Scene(_KEYS, _unreachable, _genuine, needs=_FILE),
    Reason.BAD_RESPONSE: _keys(_not_found),
    Reason.WRONG_METADATA: _keys(_another_name),
    Reason.NO_USABLE_KEYS: _keys(_no_keys),
}

_INTROSPECTION_SCENES: Mapping[Reason, Scene] = {
    Reason.INACTIVE: Scene(
        _INTROSPECT.format(member="active"),
        _introspecting(lambda stage, sent: stage.issuer.revoke(sent)),
        _introspecting(),
        needs=_CLIENT,
    ),
    Reason.UNCLEAR_ACTIVE: Scene(
        _INTROSPECT.format(member="active"),
        _introspecting(_says(active="yes")),
        _introspecting(),
        needs=_CLIENT,
    ),
    Reason.NO_SUBJECT: Scene(
        _INTROSPECT.format(member="sub"),
        _introspecting(_says(sub=None, username="ada"), users_only=True),
        _introspecting(_says(username="ada"), users_only=True),
        needs=_CLIENT,
    ),
    Reason.ANOTHER_CALLER: Scene(
        _INTROSPECT.format(member="sub"),
        _as_seen_now(sub="u2"),
        _as_seen_now(),
        needs=_CLIENT,
    ),
    Reason.TOKEN_NOT_ACCEPTED: Scene(
        _INTROSPECT.format(member="error"),
        _introspecting(_unsupported),
        _introspecting(),
        needs=_CLIENT,
    ),
    Reason.TIMED_OUT: Scene(_CREDENTIALS, _introspecting(_slow), _introspecting(), needs=_FILE),
    Reason.BUSY: Scene(_CREDENTIALS, _flooded, _introspecting(), needs=_FILE),
    Reason.BACKING_OFF: Scene(_CREDENTIALS, _backing_off, _introspecting(), needs=_FILE),
    Reason.CLIENT_REFUSED: Scene(
        _CREDENTIALS, _introspecting(_another_secret), _introspecting(), needs=_FILE
    ),
}

_OTHER_SCENES: Mapping[Reason, Scene] = {
    Reason.NOT_LOCAL: Scene(
        REQUEST,
        _development(("X-Forwarded-For", "192.0.2.7")),
        _development(),
        ("headers.txt",),
        HEADERS,
    ),
    Reason.REPLAY_STORE_UNAVAILABLE: Scene(
        _PING,
        _with_store(_proofs_in_store, running=False),
        _with_store(_proofs_in_store, running=True),
        needs=_STORE,
    ),
    Reason.REVOCATIONS_UNKNOWN: Scene(
        _PING,
        _with_store(_revocations_in_store, running=False),
        _with_store(_revocations_are_read, running=True),
        needs=_STORE,
    ),
}

ISSUER_SCENES: Mapping[Reason, Scene] = {
    **_KEY_SCENES,
    **_INTROSPECTION_SCENES,
    **_OTHER_SCENES,
}
"""The scene of each reason that something beside the request decides."""
