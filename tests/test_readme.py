"""README: every Python block runs as printed, and what it promises of names is true."""

import inspect
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = [
    pytest.param(match[1], id=f"line-{README[: match.start()].count(chr(10)) + 1}")
    for match in re.finditer(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
]


@pytest.fixture(autouse=True)
def shop() -> Iterator[None]:
    """Provide the application that the blocks import: `from shop import app`."""
    module = types.ModuleType("shop")
    routes = [Route("/", lambda _: PlainTextResponse("welcome"))]
    vars(module)["app"] = Starlette(routes=routes)
    sys.modules["shop"] = module
    yield
    del sys.modules["shop"]


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
