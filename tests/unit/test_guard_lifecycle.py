"""GuardLifecycle: what starts in the background, what is waited for, and what is closed."""

import pytest

from oauth_guard.decision_log import DecisionLog
from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.guard_lifecycle import GuardLifecycle
from oauth_guard.guard_settings import Start
from oauth_guard.stores.memory import MemoryStore


class Part:
    """A part that records what is called, and that can be down."""

    ready = was_ready = False

    def __init__(self, calls: list[str], name: str, *, down: bool = False) -> None:
        self._calls, self._name, self._down = calls, name, down

    def start(self) -> None:
        """Record the call."""
        self._calls.append(f"start {self._name}")

    async def load(self) -> None:
        """Record the call, and fail if the part is down."""
        self._calls.append(f"load {self._name}")
        if self._down:
            raise IssuerUnavailable("https://as.test", Reason.TIMED_OUT)

    async def aclose(self) -> None:
        """Record the call."""
        self._calls.append(f"close {self._name}")


LOADED = ["load replays", "load issuers"]
CLOSED = ["close issuers", "close replays"]


@pytest.mark.parametrize(
    ("startup", "down", "expected"),
    [
        ("background", True, ["load replays", "start issuers"]),
        ("wait", False, LOADED),
        ("wait", True, LOADED),
        ("fail fast", False, LOADED),
        ("fail fast", True, [*LOADED, *CLOSED, "raised"]),
    ],
)
async def test_start_does_what_the_setting_says(
    startup: Start, down: bool, expected: list[str]
) -> None:
    """Only "fail fast" raises, after everything is closed."""
    calls: list[str] = []
    issuers, replays = Part(calls, "issuers", down=down), Part(calls, "replays")
    store = MemoryStore()
    lifecycle = GuardLifecycle(
        issuers, [replays, None], store, startup, DecisionLog("https://api.test")
    )
    try:
        await lifecycle.start()
    except IssuerUnavailable:
        calls.append("raised")
    assert calls == expected


async def test_close_without_a_store_closes_the_other_parts() -> None:
    """A guard of JWT issuers has no store."""
    calls: list[str] = []
    issuers, replays = Part(calls, "issuers"), Part(calls, "replays")
    await GuardLifecycle(issuers, [replays], None, "wait", DecisionLog("https://api.test")).aclose()
    assert calls == CLOSED


@pytest.mark.parametrize(
    ("was_ready", "ready", "expected"),
    [
        (False, False, (False, False)),
        (True, True, (True, False)),
        (True, False, (True, True)),
    ],
)
def test_guard_is_degraded_if_it_was_ready_and_an_issuer_is_not(
    was_ready: bool, ready: bool, expected: tuple[bool, bool]
) -> None:
    """It stays ready."""
    issuers = Part([], "issuers")
    issuers.was_ready, issuers.ready = was_ready, ready
    log = DecisionLog("https://api.test")
    lifecycle = GuardLifecycle(issuers, [Part([], "replays")], None, "wait", log)
    assert (lifecycle.ready, lifecycle.degraded) == expected
