"""Stage: an API and an issuer on loopback ports, and a folder in which a reader types a command."""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.asgi import Application, Connection, Receive, Send
from oauth_guard.reasons import Reason
from oauth_guard.starlette import requires
from oauth_guard.testing import DPoPKey, LocalIssuer, SigningKey
from tests.tools.reason_pages.loopback import serving

API, ISSUER = "https://api.example.com", "https://login.example.com"
STORE = "redis://store.example.com:6379"
_ROOT = Path(__file__).parents[3]
_REASONS = frozenset(map(str, Reason))
_SECONDS = 30
_CLOSE = "/close-the-stage"
_CONFIGURATION = """\
resource = "{api}"

[[issuers]]
issuer = "{issuer}"
"""

Fields = Sequence[tuple[str, str]]


class Stage:
    """Where scenes are played: what the API and the issuer do, and what the reader's folder has.

    Attributes:
        api: The origin of the API; pages show `https://api.example.com` instead.
        url: The address that requests are for.
        issuer: The authorization server, which is served at its own port.
        key: The key of the client.
        guard: The guard of the API.
        folder: The folder in which the command is run.
        store: The address of the shared store, if the scene has one.
        resources: What ends with the scene.
    """

    def __init__(self, folder: Path, issuer_origin: str, api: str, log: "Log") -> None:
        self.api, self.url, self.folder = api, f"{api}/orders", folder
        self._log, self._origin = log, issuer_origin
        self.resources = ExitStack()
        self.store = STORE
        self.application: Application = Starlette()
        self._retired: list[Guard] = []
        self.reset()

    def reset(self) -> None:
        """Begin a scene: an issuer with one key, an API that accepts its tokens, no files."""
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        self.resources.close()
        self.store = STORE
        self.issuer = LocalIssuer(self._origin, audience=self.api)
        self.key = DPoPKey()
        self._is_new = True
        self.serve()
        self.configure()

    def configure(self, text: str = _CONFIGURATION) -> None:
        """Write the configuration file of the API."""
        self.write("oauth_guard.toml", text.format(api=self.api, issuer=self.issuer.issuer))

    def serve(
        self,
        *,
        issuers: Sequence[Any] | None = None,
        issuer: Mapping[str, Any] | None = None,
        middleware: Mapping[str, Any] | None = None,
        route: Mapping[str, Any] | None = None,
        **guard: Any,
    ) -> None:
        """Replace the API by one with these settings."""
        listed = [JWTIssuer(self.issuer.issuer, **(issuer or {}))] if issuers is None else issuers
        self.guard = Guard(self.api, listed, **guard)
        self._retired.append(self.guard)
        endpoint = requires("orders:read", **(route or {}))(_orders)
        routes = [Route("/{path:path}", endpoint, methods=["GET", "POST"])]
        app = Starlette(routes=routes)
        self.application = OAuthGuardMiddleware(app, self.guard, **(middleware or {}))

    async def respond(self, connection: Connection, receive: Receive, send: Send) -> None:
        """Respond as the API does, after the guards before this one are closed."""
        retired = [each for each in self._retired if each is not self.guard]
        self._retired = [self.guard]
        for each in retired:
            await each.aclose()
        if self._is_new:  # a guard of the scene before may have tried again until now
            self._is_new = False
            self._log.taken.clear()
        await self.application(connection, receive, send)

    async def close(self) -> None:
        """End the last scene."""
        self.resources.close()
        for each in self._retired:
            await each.aclose()

    def rotate(self, key_id: str) -> None:
        """Replace the keys of the issuer by one with this `kid`."""
        self.issuer.keys = [SigningKey(key_id)]

    def write(self, name: str, text: str) -> None:
        """Write a file of the reader."""
        (self.folder / name).write_text(text, encoding="utf-8")

    def send(self, headers: Fields, method: str = "GET", **options: Any) -> int:
        """Send a request as the client does; return the status."""
        with httpx.Client(trust_env=False, timeout=_SECONDS) as client:
            return client.request(method, self.url, headers=list(headers), **options).status_code

    def type(self, command: str) -> str:
        """Run *command* as a reader types it; return what it prints."""
        for shown, instead in self._addresses.items():
            command = command.replace(shown, instead)
        command = command.replace("oauth-guard ", f"{sys.executable} -m oauth_guard ")
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-c", command],  # noqa: S607 - the shell of the system, as a reader has it
            cwd=self.folder,
            env=os.environ | {"PATH": path, "PYTHONPATH": str(_ROOT), "no_proxy": "*"},
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
        return self.shown((done.stdout + done.stderr).decode().replace("\r", ""))

    def lines(self) -> list[tuple[str, str]]:
        """Return the reasons and lines of the log since the last call."""
        taken = [(reason, self.shown(line)) for reason, line in self._log.taken]
        self._log.taken.clear()
        return taken

    def shown(self, text: str) -> str:
        """Return *text* with the addresses that pages show."""
        for shown, instead in self._addresses.items():
            text = text.replace(instead, shown)
        return text

    @property
    def _addresses(self) -> Mapping[str, str]:
        """The address that pages show for each real one."""
        hosts = {urlsplit(STORE).netloc: urlsplit(self.store).netloc}
        return {API: self.api, ISSUER: self.issuer.issuer, STORE: self.store, **hosts}

    async def respond_as_issuer(self, request: Request) -> Response:
        """Send the response of the issuer to *request*."""
        body = await request.body()
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        url = f"{self._origin}{request.url.path}"
        got = await self.issuer.http.request(
            request.method, url, headers=headers, content=body, timeout=_SECONDS
        )
        kept = {n: v for n, v in got.headers.items() if n in {"content-type", "retry-after"}}
        return Response(got.content, got.status_code, kept)


class Log(logging.Handler):
    """Takes the lines that guards write about rejections and outages."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.taken: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line that ends in a reason."""
        reason = record.getMessage().rpartition(" ")[2]
        if reason in _REASONS:
            self.taken.append((reason, record.getMessage()))


@contextmanager
def stage() -> Iterator[Stage]:
    """Yield a stage; its two servers run in a thread."""
    log, logger = Log(), logging.getLogger("oauth_guard")
    level = logger.level
    logger.addHandler(log)
    logger.setLevel(logging.INFO)
    current: list[Stage] = []

    async def issuer(request: Request) -> Response:
        return await current[0].respond_as_issuer(request)

    async def api(connection: Connection, receive: Receive, send: Send) -> None:
        if connection["path"] == _CLOSE:
            await current[0].close()
            await PlainTextResponse("closed")(connection, receive, send)
        else:
            await current[0].respond(connection, receive, send)

    methods = ["GET", "POST"]
    with (
        TemporaryDirectory() as folder,
        serving(Starlette(routes=[Route("/{path:path}", issuer, methods=methods)])) as login,
        serving(api) as own,
    ):
        current.append(Stage(Path(folder), login, own, log))
        try:
            yield current[0]
        finally:
            httpx.get(f"{own}{_CLOSE}", trust_env=False)
            logger.removeHandler(log)
            logger.setLevel(level)


async def _orders(request: Request) -> Response:
    await request.body()
    return JSONResponse([])
