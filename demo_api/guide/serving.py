"""Guide: serves the site once it is built, and says what to install where a tool is missing."""

import hashlib
import subprocess
import sys
from html import escape
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from demo_api.guide.build import missing_tools
from demo_api.guide.sources import CHART, DOCS, ROOT

_PAGE = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<main><h1>{title}</h1><p>{text}</p></main></html>"""
_NOT_YET = "The guide is not here yet"


class Guide:
    """The documentation as an ASGI application; the site is kept beside the interpreter."""

    def __init__(self, site: Path | None = None) -> None:
        """Serve the folder *site*; by default one that is named for its sources."""
        self.site = site or Path(sys.prefix) / "guide" / _fingerprint()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a file of the site."""
        if self.site.is_dir():
            files = StaticFiles(directory=self.site, html=True)
            try:
                await files(scope, receive, send)
            except HTTPException as error:
                await _no_page(scope, error.status_code)(scope, receive, send)
        else:
            text = _PAGE.format(title=_NOT_YET, text=_explanation())
            await HTMLResponse(text, 503, {"Retry-After": "5"})(scope, receive, send)


def start_building(guide: Guide) -> str:
    """Begin to build the site if it is not there; return what to print about it."""
    if guide.site.is_dir():
        return "the documentation"
    if missing := missing_tools():
        return f"(the documentation, if {' and '.join(missing)} were installed)"
    command = [sys.executable, "-m", "demo_api.guide", str(guide.site)]
    nowhere = subprocess.DEVNULL
    # In a session of its own, so that Ctrl-C stops the demo and lets the build finish.
    _running.append(
        subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=ROOT, start_new_session=True, stdout=nowhere, stderr=nowhere
        )
    )
    return "the documentation"


#: Kept, since Python warns of a process that nothing refers to.
_running: list[subprocess.Popen[bytes]] = []


def _no_page(scope: Scope, status: int) -> HTMLResponse:
    start = f"{scope.get('root_path', '')}/"
    text = f'The guide has no page here. <a href="{escape(start)}">Its first page</a> has a search.'
    return HTMLResponse(_PAGE.format(title="There is no such page", text=text), status)


def _explanation() -> str:
    if missing := missing_tools():
        return f"Install {' and '.join(missing)}, then start the demo again."
    return (
        "It is being built: reload this page in a few seconds. If it does not appear,"
        " <code>python -m demo_api.guide</code> shows why."
    )


def _fingerprint() -> str:
    digest = hashlib.sha256()
    sources = ("README.md", "oauth_guard/**/*.py", "demo_api/guide/*.py", CHART)
    files = {*DOCS.rglob("*"), *(file for pattern in sources for file in ROOT.glob(pattern))}
    for file in sorted(files):
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
