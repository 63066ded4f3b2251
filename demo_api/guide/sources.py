"""collect(): the pages of docs/, with README as the first page and those that code generates."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
CONFIGURATION = "zensical.toml"
CHART = "tests/tools/benchmarks/chart.svg"

#: The public modules, each with a page of the reference.
REFERENCE = (
    *("oauth_guard", "oauth_guard.middleware", "oauth_guard.starlette", "oauth_guard.fastapi"),
    *("oauth_guard.interfaces", "oauth_guard.possession", "oauth_guard.deny_list"),
    *("oauth_guard.back_channel_logout", "oauth_guard.route_check", "oauth_guard.routes"),
    *("oauth_guard.security_events", "oauth_guard.token_exchange", "oauth_guard.forward_auth"),
    *("oauth_guard.issuers.api_keys", "oauth_guard.issuers.status_lists", "oauth_guard.mcp"),
    "oauth_guard.issuers.policy_decision_point",
    *("oauth_guard.config", "oauth_guard.litestar", "oauth_guard.django"),
    *("oauth_guard.django_rest_framework", "oauth_guard.protocol.events", "oauth_guard.reasons"),
    *("oauth_guard.wsgi", "oauth_guard.testing"),
)
_PICTURE = re.compile(r"https://raw\.githubusercontent\.com/[\w/-]+/main/(docs/)?")
_ABOVE = re.compile(r"\]\((?:\.\./)*((?:README|CHANGELOG|SECURITY)\.md)")
_SOURCE = "https://github.com/oauth-guard/oauth_guard/blob/main"


def collect(folder: Path) -> None:
    """Write the configuration and every page of the site below *folder*."""
    pages = folder / "docs"
    shutil.copytree(DOCS, pages, ignore=shutil.ignore_patterns(CONFIGURATION))
    (folder / CONFIGURATION).write_text(_configuration(), encoding="utf-8")
    shutil.copy(ROOT / CHART, pages / "pictures/chart.svg")
    for page in pages.rglob("*.md"):
        page.write_text(_linked(page.read_text(encoding="utf-8")), encoding="utf-8")
    _write(pages, {"index.md": _first_page()} | _reference())


def _configuration() -> str:
    """Return the configuration, with the pages that it does not list at the end of the menu."""
    text = (DOCS / CONFIGURATION).read_text(encoding="utf-8")
    pages = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
    # The pages of reasons are listed on a page of their own.
    unlisted = [name for name in pages if f'"{name}"' not in text and name[:7] != "reason/"]
    more = f'    {{ "More" = {json.dumps(unlisted)} }},\n' if unlisted else ""
    return re.sub(r"^\]$", lambda _: f"{more}]", text, count=1, flags=re.MULTILINE)


def _write(pages: Path, texts: Mapping[str, str]) -> None:
    for path, text in texts.items():
        (pages / path).parent.mkdir(exist_ok=True)
        (pages / path).write_text(text, encoding="utf-8")


def _first_page() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = _PICTURE.sub("", text).replace("tests/tools/benchmarks/chart", "pictures/chart")
    return _linked(text.replace("](docs/", "]("))


def _linked(text: str) -> str:
    """Return *text* with links to files beside docs/ as links to the repository."""
    text = text.replace("](../tests/tools/benchmarks/", "](pictures/")
    return _ABOVE.sub(rf"]({_SOURCE}/\1", text)


def _reference() -> dict[str, str]:
    pages = {f"reference/{name}.md": f"# {name}\n\n::: {name}\n" for name in REFERENCE}
    items = "".join(f"- [`{name}`]({name}.md)\n" for name in REFERENCE)
    intro = "# Reference\n\nEach page is made from the docstrings of a public module.\n\n"
    return pages | {"reference/index.md": intro + items}
