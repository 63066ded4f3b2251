"""The command `oauth-guard forward-auth`: served from a configuration, and closed without one."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.builders.command_line import command, run_command

SECRET = "a-secret-of-16-characters-or-more"
CONFIG = """
resource = "https://api.example.com"
[[issuers]]
issuer = "http://127.0.0.1:9"
[forward_auth]
proxy = "nginx"
secret_file = ["X-Proxy-Secret", "proxy.secret"]
public = ["/static/*"]
[forward_auth.rules]
rules = [["GET /orders/*", "orders:read"]]
"""
PEER = CONFIG.replace('secret_file = ["X-Proxy-Secret", "proxy.secret"]', "")


def _write(folder: Path, text: str) -> None:
    (folder / "oauth_guard.toml").write_text(text)
    (folder / "proxy.secret").write_text(SECRET)
    (folder / "proxy.secret").chmod(0o600)


@contextmanager
def _served(folder: Path, *options: str, log: list[str] | None = None) -> Iterator[str]:
    process = subprocess.Popen(
        command("forward-auth", "--port", "0", *options),
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        lines = iter(process.stderr.readline, "")
        yield next(found[1] for line in lines if (found := re.search(r"(http://\S+:\d+) ", line)))
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        if log is not None:
            log += errors.splitlines()
    assert process.returncode == 0


def _ask(url: str, uri: str, **headers: str) -> int:
    fields = {"X-Original-Method": "GET", "X-Original-URI": uri, **headers}
    return httpx.get(f"{url}/check", headers=fields).status_code


def test_service_decides_by_the_configuration(tmp_path: Path) -> None:
    """The secret is in a file of its own."""
    _write(tmp_path, CONFIG)
    proxy = {"X-Proxy-Secret": SECRET}
    with _served(tmp_path) as url:
        assert _ask(url, "/static/a", **proxy) == 200
        assert _ask(url, "/orders/1", **proxy) == 401
        assert _ask(url, "/static/../orders/1", **proxy) == 400
        assert _ask(url, "/static/a") == 403
        assert httpx.get(f"{url}/live").status_code == 200


def test_peer_is_not_replaced_by_a_forwarded_address(tmp_path: Path) -> None:
    """A client could write any address into `X-Forwarded-For`."""
    peers = 'proxy = "nginx"\nunrewritten_peers = ["10.0.0.5"]'
    _write(tmp_path, PEER.replace('proxy = "nginx"', peers))
    with _served(tmp_path) as url:
        assert _ask(url, "/static/a", **{"X-Forwarded-For": "10.0.0.5"}) == 403


@pytest.mark.parametrize(
    ("trusted", "status"), [(("10.0.0.5", "127.0.0.0/8"), 200), (("10.0.0.0/8",), 403)]
)
def test_peer_is_trusted_by_an_option(
    tmp_path: Path, trusted: tuple[str, ...], status: int
) -> None:
    """Every other peer gets 403 and a line in the log, whatever it writes."""
    _write(tmp_path, PEER)
    options = [part for each in trusted for part in ("--trust", each)]
    log: list[str] = []
    with _served(tmp_path, *options, log=log) as url:
        assert _ask(url, "/static/a", **{"X-Forwarded-For": "10.0.0.5"}) == status
        assert _ask(url, "/orders/1") == (401 if status == 200 else 403)
    found = any("does not come from the proxy: peer 127.0.0.1" in line for line in log)
    assert found == (status == 403)


@pytest.mark.parametrize(
    ("text", "option", "message"),
    [
        (CONFIG, "10.0.0.5", "one of them says which requests come from the proxy"),
        (PEER, "proxy.internal", "takes addresses and networks"),
        (PEER, "0.0.0.0/0", "every address"),
    ],
    ids=["with a secret", "a name", "everybody"],
)
def test_wrong_peer_exits_with_2(tmp_path: Path, text: str, option: str, message: str) -> None:
    """Nothing is served."""
    _write(tmp_path, text)
    done = run_command(tmp_path, "forward-auth", "--trust", option)
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(PEER, "ForwardAuth needs secret=", id="nothing says who the proxy is"),
        pytest.param(CONFIG.replace("nginx", "apache"), "forward_auth.proxy", id="proxy"),
        pytest.param(CONFIG + "[middleware]\n", "no table middleware", id="middleware"),
        pytest.param(CONFIG.partition("[forward_auth]")[0], "needs a table", id="no table"),
        pytest.param(CONFIG.partition("[forward_auth.rules]")[0], "rules is missing", id="rules"),
    ],
)
def test_wrong_configuration_exits_with_2(tmp_path: Path, text: str, message: str) -> None:
    """Nothing is served."""
    _write(tmp_path, text)
    done = run_command(tmp_path, "forward-auth")
    assert done.returncode == 2
    assert message in done.stderr
    assert SECRET not in done.stderr


def test_settings_are_shown_without_the_secret(tmp_path: Path) -> None:
    """With the file and the line of each."""
    _write(tmp_path, CONFIG)
    done = run_command(tmp_path, "config", "--show")
    assert done.returncode == 0
    assert "forward_auth.proxy" in done.stdout
    assert SECRET not in done.stdout
