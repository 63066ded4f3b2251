"""visier-connector, a client that was written for another server, works with the demo as it is."""

import json
import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demo_api.cast import credentials_document

ROOT = Path(__file__).parents[3]
CLIENT = Path(__file__).with_name("visier_client.py")
SECONDS = 60
CALLBACK_PORT = 5000


def who_am_i(origin: str, client_id: str, **of: str | None) -> dict[str, Any]:
    """Let the client ask, in a process of its own; return the answer."""
    client = credentials_document(origin)["clients"][client_id]
    credentials = {name: client[name] for name in ("client_id", "client_secret")}
    browser = [sys.executable, "-m", "tests.acceptance.demo.sign_in_by_forms", "ada"]
    ran = subprocess.run(
        [sys.executable, CLIENT, origin],
        input=json.dumps(credentials | of),
        env={**os.environ, "BROWSER": f"{shlex.join(browser)} %s", "NO_PROXY": "*"},
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def test_it_connects_by_the_password_flow(origin: str) -> None:
    """With a secret that holds %, :, & and a letter outside ASCII."""
    password = credentials_document(origin)["service_accounts"]["svc-etl"]["password"]
    me = who_am_i(origin, "demo-service", username="svc-etl", password=password)
    assert me["display_name"] == "Nightly ETL"
    assert (me["client"], me["scopes"], me["issuer"]) == ("demo-service", ["read"], origin)


def test_it_connects_by_the_code_flow(origin: str) -> None:
    """It names no redirect_uri, so the client's only registered one applies."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("localhost", CALLBACK_PORT))
        except OSError:
            pytest.fail(f"port {CALLBACK_PORT} is in use, where visier-connector must listen")
    me = who_am_i(origin, "demo-web", username=None, password=None)
    assert me["display_name"] == "Ada Lovelace"
    assert (me["client"], me["scopes"], me["issuer"]) == ("demo-web", ["read"], origin)
