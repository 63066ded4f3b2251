"""oauth4webapi, a client library of others, uses the demo's DPoP route with a nonce."""

import json
import subprocess
from pathlib import Path

import pytest

from demo_api.accounts import credentials_document
from tests.acceptance.demo.running import running_demo
from tests.needs import NODE_PACKAGES, PROGRAMS

_SCRIPT = Path(__file__).with_name("oauth4webapi.mjs")


@pytest.mark.needs("node", "oauth4webapi")
@pytest.mark.conformance("9449-01", "9449-18", "9449-25")
@pytest.mark.parametrize("opaque", [False, True], ids=["JWT", "opaque"])
def test_client_library_gets_and_uses_a_bound_token(opaque: bool) -> None:
    """It retries with the nonce of the resource; a thief with the token is rejected."""
    with running_demo(opaque=opaque) as origin:
        client = credentials_document(origin)["clients"]["demo-service"]
        command = [
            *(str(PROGRAMS["node"].find()), str(_SCRIPT), str(NODE_PACKAGES / "index.js"), origin),
            *("demo-service", client["client_secret"]),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "tokenType": "dpop",
        "nonceWasRequired": True,
        "owner": [200, 200],
        "thief": [401, 401, 401],
    }
