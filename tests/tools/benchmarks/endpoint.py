"""Endpoint: an introspection endpoint in its own process, which counts its requests."""

import asyncio
import json
import multiprocessing
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs

import httpx
import uvicorn
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

FAR = "far"
"""The prefix of a token whose response takes 10 ms."""

_TIMEOUT = 10
_WAY = 0.01
_ACTIVE = {"active": True, "sub": "u1", "client_id": "c1", "aud": "https://api.test"}


@dataclass(frozen=True)
class Endpoint:
    """The address of the endpoint; a token with a certain prefix is inactive."""

    origin: str

    @property
    def calls(self) -> int:
        """The number of requests so far."""
        response = httpx.get(f"{self.origin}/calls", trust_env=False, timeout=_TIMEOUT)
        return int(response.text)


@contextmanager
def running_endpoint() -> Iterator[Endpoint]:
    """Run an endpoint in a process, so that its work is not counted as the guard's."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # asyncio sets this only on sockets that it creates; without it a response waits 40 ms.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=(listening,), daemon=True
        )
        process.start()
        try:
            yield Endpoint(f"http://127.0.0.1:{listening.getsockname()[1]}")
        finally:
            process.terminate()
            process.join(_TIMEOUT)


class _Application:
    def __init__(self) -> None:
        self._calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/calls":
            body = str(self._calls)
        else:
            self._calls += 1
            (token,) = parse_qs((await Request(scope, receive).body()).decode())["token"]
            if token.startswith(FAR):
                await asyncio.sleep(_WAY)
            body = json.dumps({"active": False} if token.startswith("bad") else _ACTIVE)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})


def _serve(listening: socket.socket) -> None:
    config = uvicorn.Config(
        _Application(),
        lifespan="off",
        log_level="critical",
        timeout_keep_alive=60,  # longer than a client keeps one, so none closes in use
        ws="none",
    )
    uvicorn.Server(config).run(sockets=[listening])
