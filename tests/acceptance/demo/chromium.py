"""A headless Chromium that sends no background requests and logs the addresses of its pages."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.needs import PROGRAMS

_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1100,900",
)
_NETWORK = {"http", "https", "ws", "wss"}


@contextmanager
def chromium(profile: Path) -> Iterator[Chrome]:
    """Start a browser with its profile in *profile*; quit it afterwards."""
    options = ChromeOptions()
    options.binary_location = PROGRAMS["chromium"].find() or ""
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    for option in (*_OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    browser = Chrome(options, Service(PROGRAMS["chromedriver"].find()))
    try:
        browser.set_page_load_timeout(30)
        yield browser
    finally:
        browser.quit()


def requested_addresses(browser: Chrome) -> list[str]:
    """Return every network address that pages have requested since the last call."""
    log = browser.get_log("performance")  # type: ignore[no-untyped-call]  # selenium leaves it so
    entries = (json.loads(each["message"])["message"] for each in log)
    requested = (
        each["params"]["request"]["url"]
        for each in entries
        if each["method"] == "Network.requestWillBeSent"
    )
    return [url for url in requested if urlsplit(url).scheme in _NETWORK]
