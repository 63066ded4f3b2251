"""`python -m oauth_guard` is the command `oauth-guard`."""

import subprocess
import sys
from pathlib import Path


def test_module_is_run_as_the_command(tmp_path: Path) -> None:
    """Where the script is not on the path."""
    root = Path(__file__).parents[2]
    code = [sys.executable, "-m", "oauth_guard", "token", "list"]
    done = subprocess.run(
        code,
        cwd=root,
        env={"XDG_DATA_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["id", "subject", "scope", "expires", "in"]
