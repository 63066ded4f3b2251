"""visier-connector, a client written for another server, works with the demo unchanged."""

import json
import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demo_api.accounts import credentials_document
from demo_api.people_api import GENDERS

ROOT = Path(__file__).parents[3]
CLIENT = Path(__file__).with_name("visier_client.py")
SECONDS = 60
CALLBACK_PORT = 5000


def fetch_caller(origin: str, client_id: str, **of: str | None) -> dict[str, Any]:
    """Run the client in its own process; return what it prints."""
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
    caller: dict[str, Any] = json.loads(ran.stdout)
    return caller


def test_visier_connector_connects_by_the_password_flow(origin: str) -> None:
    """The client secret holds %, :, & and a letter outside ASCII."""
    password = credentials_document(origin)["service_accounts"]["svc-etl"]["password"]
    me = fetch_caller(origin, "demo-service", username="svc-etl", password=password)
    assert me["display_name"] == "Nightly ETL"
    assert me["members"] == GENDERS
    assert (me["client"], me["scopes"], me["issuer"]) == ("demo-service", ["read"], origin)


def test_visier_connector_connects_by_the_code_flow(origin: str) -> None:
    """It sends no redirect_uri, so the client's only registered one applies."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("localhost", CALLBACK_PORT))
        except OSError:
            pytest.fail(f"port {CALLBACK_PORT} is in use, where visier-connector must listen")
    me = fetch_caller(origin, "demo-web", username=None, password=None)
    assert me["display_name"] == "Ada Lovelace"
    assert me["members"] == GENDERS
    assert (me["client"], me["scopes"], me["issuer"]) == ("demo-web", ["read"], origin)
