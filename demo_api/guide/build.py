"""build(): the site from the pages, with the texts that programs read."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from demo_api.guide.sources import CONFIGURATION, ROOT, collect
from demo_api.guide.texts import texts_for_programs

TOOLS = {"zensical": "zensical", "mkdocstrings_handlers": "mkdocstrings-python"}
_SECONDS = 120


class BuildError(Exception):
    """The site can't be built; the message is what the tool printed."""


def missing_tools() -> list[str]:
    """Return the packages that the build needs and that are not installed."""
    return [package for module, package in TOOLS.items() if not _is_installed(module)]


def build(site: Path) -> None:
    """Build the site into the folder *site*, which appears when it is complete.

    Raises:
        BuildError: The tool reported a warning or an error.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        collect(folder)
        _run(folder)
        _add_texts(folder / "docs", folder / "site")
        (folder / "site" / "404.html").unlink()  # its links are for a site at the root
        site.parent.mkdir(parents=True, exist_ok=True)
        new = site.with_name(f"{site.name}-{os.getpid()}")
        shutil.copytree(folder / "site", new)
        try:
            new.rename(site)
        except OSError:  # another process has built the same site
            shutil.rmtree(new)


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _run(folder: Path) -> None:
    search = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "zensical", "build", "--strict", "-f", CONFIGURATION]
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": search},
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    if done.returncode or "No issues found" not in done.stdout + done.stderr:
        raise BuildError(done.stdout + done.stderr)


def _add_texts(pages: Path, site: Path) -> None:
    """Add what programs read: llms.txt, the Markdown twins, and the links to other sites."""
    for path, text in texts_for_programs(pages).items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text, encoding="utf-8")
