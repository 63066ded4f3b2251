"""A real authorization server that counts its questions, and guard processes that ask it."""

import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oauth_guard.testing import LocalIssuer
from tests.robustness.processes.guarded import RESOURCE
from tests.unit.http.loopback import serving

_PATIENCE = 20
_ROOT = Path(__file__).parents[3]


class Authority:
    """An authorization server on loopback, which is asked about opaque tokens.

    Attributes:
        local: The same server as a test sees it.
    """

    def __init__(self) -> None:
        self.local = LocalIssuer()

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """Serve one on a free port."""
        authority = cls()
        routes = [
            Route("/.well-known/oauth-authorization-server", authority._metadata),
            Route("/introspect", authority._introspect, methods=["POST"]),
        ]
        with serving(Starlette(routes=routes)) as origin:
            authority.local = LocalIssuer(origin, audience=RESOURCE)
            yield authority

    @property
    def questions(self) -> int:
        """How often it was asked about a token."""
        return len(self.local.introspection.requests)

    async def _metadata(self, _: Request) -> Response:
        return JSONResponse(self.local.metadata)

    async def _introspect(self, request: Request) -> Response:
        question = httpx.Request(
            "POST", str(request.url), headers=request.headers.raw, content=await request.body()
        )
        answer = self.local.introspection.respond(question)
        return Response(answer.content, answer.status_code, media_type="application/json")


class GuardProcess:
    """A process of the guarded service.

    Args:
        origin: Where it is.
        log: Where it writes what it logs.
    """

    def __init__(self, origin: str, log: Path) -> None:
        self._origin = origin
        self._log = log
        self.begin()

    @classmethod
    @contextmanager
    def running(cls, issuer: str, redis: str, log: Path) -> Iterator[Self]:
        """Start one, and end it."""
        command = [sys.executable, "-m", "tests.robustness.processes.guarded", issuer, redis]
        with log.open("wb") as errors:
            process = subprocess.Popen(
                command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        try:
            assert process.stdout is not None
            told, _, _ = select.select([process.stdout], [], [], _PATIENCE)
            port = process.stdout.readline().strip() if told else ""
            assert port, log.read_text()
            # Who comes before uvicorn is up waits in the queue of the socket.
            yield cls(f"http://127.0.0.1:{port}", log)
        finally:
            process.terminate()
            try:
                process.communicate(timeout=_PATIENCE)
            finally:
                process.kill()

    def begin(self) -> None:
        """Begin a test: with connections of its own, and what is logged from now on."""
        self._logged_before = self._log.stat().st_size
        self._http = httpx.AsyncClient(base_url=self._origin, trust_env=False, timeout=10)

    @property
    def log(self) -> str:
        """What it has logged in this test."""
        return self._log.read_bytes()[self._logged_before :].decode()

    async def get(self, token: str, path: str = "/me") -> httpx.Response:
        """Return the answer to a request with *token*."""
        return await self._http.get(path, headers={"Authorization": f"Bearer {token}"})

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._http.aclose()
