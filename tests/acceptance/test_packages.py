"""Wheel and source distribution: built, installed without an extra in an empty environment."""

import os
import shutil
import subprocess
import sys
import zipfile
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
    "oauth_guard.mcp": "mcp",
    "oauth_guard.telemetry.otel": "opentelemetry",
    "oauth_guard.telemetry.prometheus": "prometheus_client",
}

FOLDERS = ("oauth_guard", "tests", "demo_api", "docs")
FILES = (
    *("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "sbom.cdx.json"),
    ".gitignore",
)

OF_AN_EXTRA = {*NEED_AN_EXTRA.values(), "mcp", "pytest", "redis", "uvicorn", "websockets"}


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


def _copy(folder: Path) -> Path:
    """Copy what is built, with other times and permissions than in the checkout."""
    for name in (*FOLDERS, *FILES):
        source, target = ROOT / name, folder / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree(source, target, ignore=ignored, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(source, target)
    for index, path in enumerate(sorted(folder.rglob("*"))):
        os.utime(path, (1_600_000_000 + index, 1_600_000_000 + index))
    return folder


def test_builds_of_two_copies_are_the_same_to_the_byte(tmp_path: Path) -> None:
    """Whenever and wherever they are built, so that anybody can compare them with a release."""
    python = _environment(tmp_path / "builder")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "build"], check=True)
    built: list[dict[str, bytes]] = []
    for number, umask in enumerate((0o022, 0o077)):
        copy = tmp_path / f"copy of number {number}"
        copy.mkdir()
        before = os.umask(umask)
        try:
            _copy(copy)
            out = tmp_path / f"dist{number}"
            subprocess.run([python, "-m", "build", "--outdir", out, copy], check=True)
        finally:
            os.umask(before)
        built.append({each.name: each.read_bytes() for each in out.iterdir()})
    first, second = built
    assert sorted(first) == sorted(second)
    assert len(first) == 2
    assert [name for name in first if first[name] != second[name]] == []


def test_wheel_contains_the_sbom(distributions: Mapping[str, Path]) -> None:
    """In the folder of PEP 770."""
    with zipfile.ZipFile(distributions["wheel"]) as wheel:
        (name,) = [each for each in wheel.namelist() if ".dist-info/sboms/" in each]
        assert wheel.read(name) == (ROOT / "sbom.cdx.json").read_bytes()


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
