"""The command `oauth-guard run`: an application that knows nothing of guards is guarded."""

import re
import signal
import subprocess
from pathlib import Path

import httpx

from tests.builders.command_line import command, run_command

APP = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

app = Starlette(routes=[Route("/{path:path}", lambda request: PlainTextResponse("served"))])
"""
CONFIG = """
resource = "http://127.0.0.1:9"
[[issuers]]
issuer = "http://127.0.0.1:9"
[middleware]
public = ["/health"]
"""


def test_run_serves_an_application_inside_the_guard(tmp_path: Path) -> None:
    """It ends when it is interrupted."""
    (tmp_path / "shop.py").write_text(APP)
    (tmp_path / "oauth_guard.toml").write_text(CONFIG)
    process = subprocess.Popen(
        command("run", "shop:app", "--port", "0"),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        lines = iter(process.stderr.readline, "")
        url = next(found[1] for line in lines if (found := re.search(r"(http://\S+:\d+) ", line)))
        assert httpx.get(f"{url}/health").text == "served"
        response = httpx.get(f"{url}/orders")
        assert response.status_code == 401
        assert "www-authenticate" in response.headers
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_run_without_a_configuration_exits_with_2(tmp_path: Path) -> None:
    """An application without a guard is never served."""
    (tmp_path / "shop.py").write_text(APP)
    done = run_command(tmp_path, "run", "shop:app")
    assert done.returncode == 2
    assert "there is no oauth_guard.toml" in done.stderr
