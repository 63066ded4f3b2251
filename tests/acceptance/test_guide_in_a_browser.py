"""The documentation in Chromium: axe-core finds nothing, and a phone shows all of each page."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, get_args

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.applications import Starlette
from starlette.routing import Mount

from demo_api.guide import Guide, missing_tools
from tests.acceptance.demo.browser.test_accessibility import violations
from tests.acceptance.demo.running import running
from tests.needs import PROGRAMS

Scheme = Literal["light", "dark"]
#: One of each kind: the first page, text, tables, code, a reason, lists, docstrings, no page.
KINDS = (
    *("", "tutorial", "settings", "from-pyjwt", "reason/expired", "reason", "reference"),
    *("reference/oauth_guard.deny_list", "architecture", "nowhere"),
)
_PHONE = {"width": 360, "height": 740}
pytestmark = [
    pytest.mark.needs("chromium", "axe-core"),
    pytest.mark.skipif(bool(missing_tools()), reason="needs the extra guide"),
]


@pytest.fixture(scope="module")
def origin(site: Path) -> Iterator[str]:
    """Serve the site as the demo does; yield its address."""
    app = Starlette(routes=[Mount("/guide", Guide(site))])
    with running(lambda _: app) as served:
        yield f"{served}/guide"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield the system's Chromium, without a window."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=PROGRAMS["chromium"].find(),
            args=["--disable-gpu", "--disable-dev-shm-usage"],
            chromium_sandbox=False,
        )
        yield launched
        launched.close()


@contextmanager
def new_page(browser: Browser, **settings: Any) -> Iterator[Page]:
    """Yield a page with an empty profile; no page writes an error, but for one that is missing."""
    context = browser.new_context(**settings)
    errors: list[str] = []
    context.on("console", lambda each: errors.append(each.text) if each.type == "error" else None)
    context.on("weberror", lambda each: errors.append(str(each.error)))
    yield context.new_page()
    context.close()
    assert [each for each in errors if "404" not in each] == []


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Yield a new page."""
    with new_page(browser) as page:
        yield page


def found_on(browser: Browser, addresses: Iterable[str]) -> list[Any]:
    """Return what axe-core finds on pages, each in both schemes.

    Each scheme has a context of its own, since the theme remembers the first one it was shown in.
    """
    found = []
    for scheme in get_args(Scheme):
        with new_page(browser, color_scheme=scheme) as page:
            for address in addresses:
                page.goto(address)
                found += violations(page, scheme)
    return found


@pytest.mark.parametrize("path", KINDS, ids=lambda path: path or "first page")
def test_kind_of_page_is_accessible(browser: Browser, origin: str, path: str) -> None:
    """In the light and in the dark scheme of the theme."""
    assert found_on(browser, [f"{origin}/{path}"]) == []


@pytest.mark.long
@pytest.mark.timeout(900)
def test_every_page_is_accessible(browser: Browser, origin: str, site: Path) -> None:
    """Those of the reasons are all of one kind."""
    paths = [each.parent.relative_to(site).as_posix() for each in site.rglob("index.html")]
    paths = [each for each in paths if not each.startswith("reason/")]
    assert found_on(browser, [f"{origin}/{each}/" for each in paths]) == []


@pytest.mark.parametrize("path", KINDS, ids=lambda path: path or "first page")
def test_page_fits_a_phone(page: Page, origin: str, path: str) -> None:
    """Code and tables scroll in themselves."""
    page.set_viewport_size(_PHONE)  # type: ignore[arg-type] # a dictionary of two numbers
    page.goto(f"{origin}/{path}")
    assert page.evaluate("document.documentElement.scrollWidth") <= _PHONE["width"]


def test_scheme_of_the_system_is_used(browser: Browser, origin: str) -> None:
    """A reader who has not chosen one sees the page light or dark."""
    grounds = set()
    for scheme in get_args(Scheme):
        with new_page(browser, color_scheme=scheme) as page:
            page.goto(f"{origin}/")
            grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == len(get_args(Scheme))


@pytest.mark.parametrize(
    ("path", "within", "begins", "ends"),
    [
        ("tutorial", "pip install", "python3 -m venv .venv\n", "\npip install . uvicorn pytest"),
        ("tutorial", "401 Unauthorized", "curl -i http://", "/books"),
        ("reason/expired", "python3 -c", "python3 -c '\nimport jwt", " < token.txt"),
        ("tutorial", "# library.py", "# library.py\n", ""),
    ],
)
def test_copy_button_copies_what_a_reader_needs(
    page: Page, origin: str, path: str, within: str, begins: str, ends: str
) -> None:
    """Of a console block the commands, without prompts and output; by the keyboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{origin}/{path}")
    block = page.locator(".highlight", has_text=within).first
    block.get_by_role("button", name="Copy to clipboard").press("Enter")
    copied = page.evaluate("navigator.clipboard.readText()").strip()
    assert copied.startswith(begins)
    assert copied.endswith(ends)
    assert "401 Unauthorized" not in copied
