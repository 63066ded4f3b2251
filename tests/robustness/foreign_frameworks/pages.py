"""The applications of docs/frameworks and docs/applications, run in an environment of their own."""

import json
import os
import subprocess
from pathlib import Path

from tests.acceptance.documents import FRAMEWORK_PAGES, ROOT, blocks_of
from tests.tools.benchmarks.peers.environment import ENVIRONMENT, prepare

_HERE = Path(__file__).parent
_SHARED = {"prefect": "mlflow"}  # a page, and the page whose environment it shares
_NO_REPORTS = {  # these applications send requests to their makers otherwise
    "DO_NOT_TRACK": "true",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
FRAMEWORKS = [page for page in FRAMEWORK_PAGES if page.parent.name == "frameworks"]
COLUMNS = (
    "framework",
    *("request without a token", "without the scope", "with it"),
    *("handshake without a token", "without the scope", "with it"),
    "lines for the guard",
)


def _python_of(page: Path) -> Path:
    """Return the Python of the environment of *page*: its own, or one that it shares."""
    name = _SHARED.get(page.stem, page.stem)
    own = _HERE / f"{name}_requirements.txt"
    if own.exists():
        return prepare(ENVIRONMENT.with_name(f"{name}_page"), own)
    return prepare(ENVIRONMENT.with_name("framework_pages"), _HERE / "page_requirements.txt")


def run(page: Path, folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Save the files of *page* in *folder*, and run a module of Python there."""
    python = _python_of(page)
    for block in blocks_of(page):
        assert block.file_name is not None
        (folder / block.file_name).write_text(block.text, encoding="utf-8")
    return subprocess.run(
        [str(python), "-m", *command],
        cwd=folder,
        env={
            **os.environ,
            **_NO_REPORTS,
            "PREFECT_HOME": str(folder),
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(folder))),
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def seen(page: Path, folder: Path) -> list[str]:
    """Return the row of *page* in the table: what clients see of its application."""
    finished = run(page, folder, "tests.robustness.foreign_frameworks.page_probe")
    assert finished.returncode == 0, finished.stderr
    title = page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    return [f"[{title}](frameworks/{page.name})", *json.loads(finished.stdout)]
