"""The fixtures `chromium`, `walk` and `origin`, one of each for the folder, and `visit`."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.acceptance.demo.browser.visit import Visit, visiting
from tests.acceptance.demo.running import Walk, running_walk
from tests.needs import PROGRAMS

_OPTIONS = ["--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Yield the system's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=PROGRAMS["chromium"].find(), args=_OPTIONS, chromium_sandbox=False
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def walk() -> Iterator[Walk]:
    """Yield a running demo with its client application, which all tests of the folder share."""
    with running_walk() as served:
        yield served


@pytest.fixture(scope="package")
def origin(walk: Walk) -> str:
    """Return the origin of the API and its authorization server."""
    return walk.origin


@pytest.fixture
def visit(chromium: Browser, walk: Walk) -> Iterator[Visit]:
    """Yield a person with an empty profile; no page logs an error."""
    with visiting(chromium, walk) as visit:
        yield visit
