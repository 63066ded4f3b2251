"""No token opens what it is not for, in any framework, on any server, however a path is written."""

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.robustness.foreign_frameworks.guarded_site import ADMIN, SHOP, local
from tests.tools.benchmarks.peers.environment import ENVIRONMENT, prepare

pytestmark = [
    pytest.mark.long,
    pytest.mark.conformance("ASGI-14"),
]

ROOT = Path(__file__).parents[3]
FRAMEWORKS = ("starlette", "fastapi", "quart", "litestar", "blacksheep")
SERVERS = {
    "hypercorn": ("-b", "127.0.0.1:{port}"),
    "uvicorn": ("--host", "127.0.0.1", "--port", "{port}"),
}
TARGETS = [
    prefix + path
    for prefix in ("", "/api", "/api/api", "/x/api", "/API")
    for path in (
        *("/admin/secret", "/static/logo", "/report"),
        *("admin/secret", "static/logo", "report", "/static/apireport", "/static/api/report"),
        *("/ADMIN/secret", "/Admin/Secret", "/Static/logo", "/static/Logo", "/REPORT"),
        *("/%61dmin/secret", "/admin%2Fsecret", "/%2561dmin/secret", "/%73tatic/logo"),
        *("/ada/profile", "/%61dmin/profile", "/admin;x/profile"),
        *("/admin;x/secret", "/static/..;/report", "/static/..;/admin/secret", "/report;x"),
        *("/x/../admin/secret", "/static/../report", "/static/%2e%2e/admin/secret"),
        *("//admin/secret", "/static//admin/secret", "/./admin/secret", "/admin//secret"),
        *("/admin/secret/", "/report/", "/static/logo/", "/admin/secret%00", "/report%0A"),
        *("/admin\\secret", "/static%5C..%5Creport", "/admin/secret%3Fx", "/report%23x"),
    )
]
# What a caller may read: the text of the pages that the token, or its absence, is for.
CALLERS: Mapping[str | None, set[str]] = {
    None: {"public"},
    SHOP: {"public", "shop"},
    ADMIN: {"public", "admin"},
}


@contextmanager
def served(framework: str, server: str, root_path: str, log: Path) -> Iterator[int]:
    """Serve the site of *framework* with *server*, and return the port."""
    python = prepare(
        ENVIRONMENT.with_name("frameworks"), Path(__file__).with_name("requirements.txt")
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    arguments = [each.format(port=port) for each in SERVERS[server]]
    site = "tests.robustness.foreign_frameworks.guarded_site:site"
    command = [str(python), "-m", server, site, *arguments, "--root-path", root_path]
    environment = {**os.environ, "FRAMEWORK": framework, "PYTHONPATH": str(ROOT)}
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait(port, process, log)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())


def _get(port: int, target: str, token: str | None) -> tuple[int, str]:
    """Send the *target* exactly as it is written, and return status and body."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    finally:
        connection.close()


@pytest.mark.parametrize("root_path", ["", "/api"])
@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_token_reads_only_its_own_pages_however_the_path_is_written(
    framework: str, server: str, root_path: str, tmp_path: Path
) -> None:
    """Each page says whom it is for; each target is sent with both tokens and without one."""
    opened: list[tuple[str | None, str, str]] = []
    read: set[tuple[str | None, str]] = set()
    with served(framework, server, root_path, tmp_path / "log") as port:
        for audience, allowed in CALLERS.items():
            token = local.token(aud=audience) if audience else None
            for target in TARGETS:
                status, body = _get(port, target, token)
                if status == 200:
                    read.add((audience, body))
                    if body not in allowed:
                        opened.append((audience, target, body))
    assert not opened
    # The plain paths work, so the other assertion is not empty.
    assert read == {(audience, page) for audience, pages in CALLERS.items() for page in pages}
