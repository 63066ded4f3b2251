"""The pages of docs/: their blocks run in order, their commands work, and their names are true."""

import asyncio
import inspect
import re
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from oauth_guard import Guard, IntrospectionIssuer, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.possession.possession_check import PossessionSettings
from oauth_guard.testing import LocalIssuer
from tests.acceptance.documents import (
    FRAMEWORK_PAGES,
    PAGES,
    README,
    ROOT,
    Block,
    blocks_of,
    python_blocks,
)
from tests.acceptance.reader import Reader

TUTORIAL = ROOT / "docs/tutorial.md"
WITH_PYTHON = [
    pytest.param(page, id=page.name) for page in PAGES if python_blocks(page) and page != TUTORIAL
]
LINKED = [pytest.param(page, id=page.name) for page in (README, *PAGES, *FRAMEWORK_PAGES)]
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
_SHOP = """
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route
from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.starlette import requires

@requires("orders:read")
async def orders(request):
    return JSONResponse(f"orders of {request.user.subject}")

guard = Guard("https://api.example.com", [JWTIssuer("https://login.example.com")])
app = Starlette(
    routes=[Route("/orders", orders)], middleware=[Middleware(OAuthGuardMiddleware, guard)]
)
"""


@pytest.fixture(autouse=True)
def shop() -> Iterator[None]:
    """Provide the application that the pages import: `from shop import app`."""
    module = types.ModuleType("shop")
    routes = [
        Route("/", lambda _: PlainTextResponse("welcome")),
        WebSocketRoute("/ticker", _ticker),
    ]
    vars(module)["app"] = Starlette(routes=routes)
    sys.modules["shop"] = module
    yield
    del sys.modules["shop"]


async def _ticker(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json({"hello": websocket.user.subject})


def _run(block: Block, text: str, **names: object) -> dict[str, object]:
    padding = "\n" * block.line  # so that an error names the line of the page
    exec(compile(padding + text, block.page, "exec"), names)  # noqa: S102 - our own text
    return names


def _is_test_file(block: Block) -> bool:
    return (block.file_name or "").startswith("test_")


@pytest.mark.parametrize("page", WITH_PYTHON)
async def test_python_blocks_of_a_page_run_in_order(page: Path) -> None:
    """A block that a reader copies raises no error, and a test in it passes."""
    for block in python_blocks(page):
        if _is_test_file(block):
            continue
        for name, value in _run(block, block.text).items():
            if name.startswith("test_") and inspect.iscoroutinefunction(value):
                await value()


def _modules_of(page: Path) -> dict[str, str]:
    """Return the text of each module that *page* has the reader save, except tests."""
    blocks = [each for each in python_blocks(page) if not _is_test_file(each)]
    return {each.file_name.removesuffix(".py"): each.text for each in blocks if each.file_name}


TESTS = [
    pytest.param(page, block, id=f"{page.name}-{block.file_name}")
    for page in PAGES
    if page != TUTORIAL
    for block in python_blocks(page)
    if _is_test_file(block)
]


@pytest.mark.parametrize(("page", "block"), TESTS)
def test_test_files_of_a_page_pass(page: Path, block: Block, pytester: pytest.Pytester) -> None:
    """A block that begins with `# test_NAME.py` is saved and run.

    Beside it are the shop of the reader, and the other files of the page.
    """
    files = {"shop": _SHOP, **_modules_of(page), "test_page": block.text}
    pytester.makepyfile(**files)
    del sys.modules["shop"]  # the one of the other blocks
    result = pytester.runpytest_inprocess(
        "-p", "oauth_guard.testing.plugin", "-o", "asyncio_default_fixture_loop_scope=function"
    )
    sys.modules["shop"] = types.ModuleType("shop")
    assert result.ret == 0
    assert set(result.parseoutcomes()) == {"passed"}


@pytest.mark.needs("curl")
def test_commands_of_the_demo_page_print_the_shown_output(tmp_path: Path) -> None:
    """They start the demo, print its credentials, run its tour and call it with a token."""
    assert Reader(tmp_path).follow(blocks_of(ROOT / "docs/demo.md")) == 8


@pytest.mark.needs("curl")
def test_tutorial_followed_literally_prints_the_shown_output(tmp_path: Path) -> None:
    """The reader saves both files, serves the first and runs the second."""
    assert Reader(tmp_path).follow(blocks_of(TUTORIAL)) == 8


async def test_guard_inside_a_mount_becomes_ready_at_start_up() -> None:
    """The lifespan in the block fetches the keys before any request."""
    block = next(
        one for one in python_blocks(ROOT / "docs/applications.md") if "Mount(" in one.text
    )
    issuer = LocalIssuer("https://login.example.com")
    named = f'"{issuer.issuer}"'
    names = _run(block, block.text.replace(named, f"{named}, http=issuer.http"), issuer=issuer)
    guard, site = names["guard"], names["site"]
    assert isinstance(guard, Guard)
    assert isinstance(site, Starlette)
    assert not guard.ready
    async with site.router.lifespan_context(site), asyncio.timeout(5):
        while not guard.ready:  # noqa: ASYNC110 - a guard has no event for it
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "owner",
    [Guard, JWTIssuer, IntrospectionIssuer, OAuthGuardMiddleware],
    ids=lambda one: one.__name__,
)
def test_settings_page_lists_every_setting(owner: Callable[..., object]) -> None:
    """Clocks are for tests and have no row."""
    text = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    section = text.partition(f"## {owner.__name__}\n")[2].partition("\n## ")[0]
    for name, parameter in inspect.signature(owner).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY and name not in {"clock", "monotonic"}:
            assert f"`{name}`" in section
    if owner is Guard:
        assert all(f"`{name}`" in section for name in PossessionSettings.__annotations__)


@pytest.mark.parametrize(
    "page", [pytest.param(page, id=page.name) for page in [README, *PAGES, *FRAMEWORK_PAGES]]
)
def test_links_of_a_page_lead_to_files_and_headings(page: Path) -> None:
    """A link without a scheme names a file of the checkout, and an anchor a heading of it."""
    for file, anchor in _LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / file if file else page
        assert target.is_file(), file
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {
                re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings
            }
