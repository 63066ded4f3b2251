"""`python -m oauth_guard` is the command `oauth-guard`."""

import subprocess
import sys


def test_module_runs_the_command() -> None:
    """Without an entry point in the path, too."""
    command = [sys.executable, "-m", "oauth_guard", "--help"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    assert "check" in done.stdout
