"""Wheel and source distribution: built, installed without an extra in an empty environment."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.acceptance.documents import ROOT

pytestmark = pytest.mark.long

# Every module that needs no extra, and one guarded request.
CHECK = """
import asyncio, importlib.util, pathlib, pkgutil
import oauth_guard
from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
extras = ("aiohttp", "cyclopts", "django", "fastapi", "litestar", "prometheus_client", "redis")
missing = [name for name in extras if importlib.util.find_spec(name)]
assert not missing, missing
for module in pkgutil.walk_packages(oauth_guard.__path__, "oauth_guard."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        print(module.name, error.name)
guard = Guard("https://api.test", [JWTIssuer("https://as.test")])
sent = []
async def send(message): sent.append(message)
scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
asyncio.run(OAuthGuardMiddleware(None, guard)(scope, None, send))
assert sent[0]["status"] == 401
assert (pathlib.Path(oauth_guard.__path__[0]) / "py.typed").is_file()
"""

NEED_AN_EXTRA = {
    "oauth_guard.cli": "cyclopts",
    "oauth_guard.django": "asgiref",
    "oauth_guard.django_rest_framework": "rest_framework",
    "oauth_guard.fastapi": "fastapi",
    "oauth_guard.http.aiohttp_client": "aiohttp",
    "oauth_guard.litestar": "litestar",
    "oauth_guard.telemetry.otel": "opentelemetry",
    "oauth_guard.telemetry.prometheus": "prometheus_client",
}

OF_AN_EXTRA = {*NEED_AN_EXTRA.values(), "pytest", "redis", "uvicorn", "websockets"}


def _environment(folder: Path) -> Path:
    """Create an empty environment, and return its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Build both distributions; the wheel is built from the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    python = _environment(folder / "builder")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "build"], check=True)
    subprocess.run([python, "-m", "build", "--outdir", folder, ROOT], check=True)
    (wheel,) = folder.glob("*.whl")
    (source,) = folder.glob("*.tar.gz")
    return {"wheel": wheel, "source": source}


@pytest.mark.parametrize("kind", ["wheel", "source"])
def test_distribution_installs_and_imports_without_an_extra(
    distributions: Mapping[str, Path], tmp_path: Path, kind: str
) -> None:
    """Modules that need an extra fail with the name of its library, and no others fail."""
    python = _environment(tmp_path / "empty")
    subprocess.run([python, "-m", "pip", "install", "--quiet", distributions[kind]], check=True)
    done = subprocess.run(
        [python, "-I", "-c", CHECK], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    failed = dict(line.split() for line in done.stdout.splitlines())
    assert failed.items() >= NEED_AN_EXTRA.items()
    assert set(failed.values()) <= OF_AN_EXTRA
