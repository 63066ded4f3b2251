"""visier-platform-sdk, a client written for another server, works with the demo unchanged."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo_api.accounts import credentials_document
from demo_api.people_api import GENDERS

CLIENT = Path(__file__).with_name("visier_platform_client.py")
SECONDS = 60


@pytest.mark.long
@pytest.mark.parametrize("client_id", ["service", "demo-service"])
def test_visier_platform_sdk_connects_by_the_password_flow(origin: str, client_id: str) -> None:
    """It refuses a token response without an ID token; both client secrets work.

    Its code flow is not tested: an import is missing in the package.
    """
    document = credentials_document(origin)
    settings = {
        "client_id": client_id,
        "client_secret": document["clients"][client_id]["client_secret"],
        "username": "svc-etl",
        "password": document["service_accounts"]["svc-etl"]["password"],
    }
    ran = subprocess.run(
        [sys.executable, CLIENT, origin],
        input=json.dumps(settings),
        env={**os.environ, "NO_PROXY": "*"},
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert ran.returncode == 0, ran.stderr
    me = json.loads(ran.stdout)
    assert (me["display_name"], me["client"]) == ("Nightly ETL", client_id)
    assert me["members"] == GENDERS
