"""Cerbos, a policy decision point of others, decides for a guard by AuthZEN 1.0."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.issuers.policy_decision_point import PolicyDecisionPoint
from oauth_guard.starlette import requires
from oauth_guard.testing import LocalIssuer
from tests.builders.clock import FakeClock
from tests.needs import PROGRAMS

pytestmark = pytest.mark.needs("cerbos")

RESOURCE = "https://api.test"
LOCAL = LocalIssuer(audience=RESOURCE)
END = 4_102_444_800

# Everybody reads; who may write changes the order 42; clients change nothing.
POLICY = """
apiVersion: api.cerbos.dev/v1
resourcePolicy:
  version: default
  resource: order
  rules:
    - actions: ["GET"]
      effect: EFFECT_ALLOW
      roles: ["*"]
    - actions: ["PUT"]
      effect: EFFECT_ALLOW
      roles: ["*"]
      condition:
        match:
          all:
            of:
              - expr: '"write" in P.attr.scopes'
              - expr: R.attr.params.id == "42"
              - expr: P.attr.subject == "u1"
              - expr: R.attr.resource == "https://api.test"
"""
CONFIGURATION = """
server:
  httpListenAddr: "127.0.0.1:{port}"
  grpcListenAddr: "127.0.0.1:{grpc}"
telemetry:
  disabled: true
storage:
  driver: disk
  disk:
    directory: {folder}/policies
"""


def free_port() -> int:
    """Return a port that is free now."""
    with closing(socket(AF_INET, SOCK_STREAM)) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def cerbos(folder: Path, port: int) -> Iterator[str]:
    """Run Cerbos with the policy; yield its address."""
    (folder / "policies").mkdir(exist_ok=True)
    (folder / "policies" / "order.yaml").write_text(POLICY)
    (folder / "cerbos.yaml").write_text(
        CONFIGURATION.format(port=port, grpc=free_port(), folder=folder)
    )
    program = next(Path(str(PROGRAMS["cerbos"].find())).parent.glob("@cerbos/cerbos-*/cerbos-*"))
    program.chmod(0o755)
    configuration = f"--config={folder / 'cerbos.yaml'}"
    command = [str(program), "server", configuration, "--debug-listen-addr="]
    url = f"http://127.0.0.1:{port}"
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _wait(url, process, folder / "output")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes], output: Path) -> None:
    for _ in range(300):
        try:
            if httpx.get(f"{url}/_cerbos/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert process.poll() is None, output.read_text()
        time.sleep(0.1)
    raise AssertionError(output.read_text())


@requires("read", policy="order")
async def order(request: Request) -> PlainTextResponse:
    """Return the order."""
    return PlainTextResponse(request.path_params["id"])


@requires("read", policy="unknown")
async def unknown(request: Request) -> PlainTextResponse:
    """Require a policy that Cerbos does not have."""
    return PlainTextResponse(str(request.user))


class Api:
    """An API whose policy decision point is at *url*."""

    def __init__(self, url: str, clock: FakeClock) -> None:
        point = PolicyDecisionPoint(url, monotonic=clock)
        issuer = JWTIssuer(LOCAL.issuer, keys=LOCAL.jwks)
        self.guard = Guard(RESOURCE, [issuer], policy_decision_point=point)
        methods = ["GET", "PUT", "DELETE"]
        routes = [Route("/orders/{id}", order, methods=methods), Route("/unknown", unknown)]
        self.app = OAuthGuardMiddleware(Starlette(routes=routes), self.guard)

    async def status(self, method: str, path: str, *scopes: str, **claims: str) -> int:
        """Return the status of the response."""
        headers = LOCAL.headers(*scopes, exp=END, **claims)
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url=RESOURCE) as client:
            return (await client.request(method, path, headers=headers)).status_code


CASES: Mapping[str, tuple[int, str, str, str, str]] = {
    "read": (200, "GET", "/orders/7", "read", "u1"),
    "write": (200, "PUT", "/orders/42", "read write", "u1"),
    "write another order": (403, "PUT", "/orders/7", "read write", "u1"),
    "write without the scope": (403, "PUT", "/orders/42", "read", "u1"),
    "write as another": (403, "PUT", "/orders/42", "read write", "u2"),
    "delete": (403, "DELETE", "/orders/42", "read write", "u1"),
    "unknown policy": (403, "GET", "/unknown", "read", "u1"),
}


async def test_cerbos_decides_for_a_guard(tmp_path: Path) -> None:
    """By scope, subject, route parameter and API; its outage is 503 until it is back."""
    clock, port = FakeClock(), free_port()
    with cerbos(tmp_path, port) as url:
        api = Api(url, clock)
        for status, method, path, scopes, subject in CASES.values():
            found = await api.status(method, path, *scopes.split(), sub=subject)
            assert (method, path, scopes, subject, found) == (method, path, scopes, subject, status)
    assert await api.status("GET", "/orders/7", "read") == 503
    with cerbos(tmp_path, port):
        clock.advance(60)
        assert await api.status("GET", "/orders/7", "read") == 200
    await api.guard.aclose()
