"""README: every Python block runs as printed, and what it promises of names is true."""

import asyncio
import inspect
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from oauth_guard import Guard
from oauth_guard.testing import LocalIssuer

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = [
    pytest.param(match[1], id=f"line-{README[: match.start()].count(chr(10)) + 1}")
    for match in re.finditer(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
]


@pytest.fixture(autouse=True)
def shop() -> Iterator[None]:
    """Provide the application that the blocks import: `from shop import app`."""
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


@pytest.mark.parametrize("block", BLOCKS)
async def test_every_block_runs_as_printed(block: str) -> None:
    """A reader who copies a block gets no error, and a test in it passes."""
    names: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - our own text
    for name, value in names.items():
        if name.startswith("test_") and inspect.iscoroutinefunction(value):
            await value()


def test_there_are_blocks_to_run() -> None:
    """The pattern above finds them."""
    assert len(BLOCKS) > 5


async def test_the_guard_inside_a_mount_becomes_ready() -> None:
    """The lifespan in the block fetches the keys, before any request."""
    block = next(str(one.values[0]) for one in BLOCKS if "Mount(" in str(one.values[0]))
    issuer = LocalIssuer("https://login.example.com")
    spoken = f'"{issuer.issuer}"'
    names: dict[str, object] = {"issuer": issuer}
    block = block.replace(spoken, f"{spoken}, http=issuer.http")
    exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - our own text
    guard, site = names["guard"], names["site"]
    assert isinstance(guard, Guard)
    assert isinstance(site, Starlette)
    assert not guard.ready
    async with site.router.lifespan_context(site), asyncio.timeout(5):
        while not guard.ready:  # noqa: ASYNC110 - a guard has no event for it
            await asyncio.sleep(0.01)
