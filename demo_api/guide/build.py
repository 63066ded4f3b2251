"""build(): the site from the pages, with llms.txt, a Markdown twin of each page and all links."""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from demo_api.guide.sources import CONFIGURATION, ROOT, collect

TOOLS = {"zensical": "zensical", "mkdocstrings_handlers": "mkdocstrings-python"}
_EXTERNAL = re.compile(r"https?://[^\s)>\"'`|\]]+")
_TITLE = re.compile(r"^# (.*)$", re.MULTILINE)
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
    """Add llms.txt, the Markdown twins, and the list of the addresses that pages link to."""
    index, links = ["# oauth_guard", ""], []
    for page in sorted(pages.rglob("*.md"), key=Path.as_posix):
        path, text = page.relative_to(pages), page.read_text(encoding="utf-8")
        twin = site / path
        twin.parent.mkdir(parents=True, exist_ok=True)
        twin.write_text(text, encoding="utf-8")
        title = _TITLE.search(text)
        index.append(f"- [{title[1] if title else path.stem}]({path.as_posix()})")
        links += [f"{path.as_posix()} {each}" for each in _EXTERNAL.findall(text)]
    (site / "llms.txt").write_text("\n".join([*index, ""]), encoding="utf-8")
    (site / "external-links.txt").write_text("\n".join([*links, ""]), encoding="utf-8")
