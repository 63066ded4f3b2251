"""GuardProcess: a process of the guarded service, and its log."""

import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import httpx

_TIMEOUT = 20  # seconds
_ROOT = Path(__file__).parents[3]


class GuardProcess:
    """A process of the guarded service.

    Args:
        origin: The origin of its URLs.
        log: The file that it logs to.

    Attributes:
        origin: The origin of its URLs.
    """

    def __init__(self, origin: str, log: Path) -> None:
        self.origin = origin
        self._log = log
        self.reset()

    @classmethod
    @contextmanager
    def running(
        cls, issuer: str, redis: str, log: Path, service: str = "guarded_service"
    ) -> Iterator[Self]:
        """Start a process of the module *service* here, and terminate it at the end."""
        module = f"tests.robustness.multi_process.{service}"
        command = [sys.executable, "-m", module, issuer, redis]
        with log.open("wb") as errors:
            process = subprocess.Popen(
                command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        try:
            assert process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], _TIMEOUT)
            port = process.stdout.readline().strip() if ready else ""
            assert port, log.read_text()
            # A connection that arrives before uvicorn has started waits in the socket's backlog.
            yield cls(f"http://127.0.0.1:{port}", log)
        finally:
            process.terminate()
            try:
                process.communicate(timeout=_TIMEOUT)
            finally:
                process.kill()

    @classmethod
    @contextmanager
    def pair(
        cls, issuer: str, redis: str, folder: Path, service: str = "guarded_service"
    ) -> Iterator[list[Self]]:
        """Run two processes of *service*, which log in *folder*."""
        with ExitStack() as stack:
            yield [
                stack.enter_context(cls.running(issuer, redis, folder / f"{number}", service))
                for number in range(2)
            ]

    def reset(self) -> None:
        """Start a test: open a new HTTP client, and ignore what was logged before."""
        self._logged_before = self._log.stat().st_size
        self._http = httpx.AsyncClient(base_url=self.origin, trust_env=False, timeout=10)

    @property
    def log(self) -> str:
        """What the process has logged in this test."""
        return self._log.read_bytes()[self._logged_before :].decode()

    async def get(self, token: str, path: str = "/me") -> httpx.Response:
        """Send one request with *token*."""
        return await self._http.get(path, headers={"Authorization": f"Bearer {token}"})

    async def send(self, headers: Mapping[str, str], path: str = "/me") -> httpx.Response:
        """Send one request with these header fields."""
        return await self._http.get(path, headers=headers)

    async def post(self, path: str, content: Mapping[str, str]) -> httpx.Response:
        """Send *content* as JSON, without a token."""
        return await self._http.post(path, json=content)

    async def aclose(self) -> None:
        """Close the HTTP client."""
        await self._http.aclose()
