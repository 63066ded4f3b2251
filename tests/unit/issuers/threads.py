"""Threads: a thread pool that records its work, and can be blocked."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

__all__ = ["Threads"]


class Threads(ThreadPoolExecutor):
    """A pool of one thread, which waits for a gate before each call.

    Attributes:
        done: The name of the thread, once per call.
        started: Set once a call has started.
        gate: Set; a test may clear it to block the thread.
    """

    def __init__(self) -> None:
        super().__init__(1, thread_name_prefix="checks")
        self.done: list[str] = []
        self.started = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit a call."""

        def work() -> Any:
            self.started.set()
            assert self.gate.wait(10)
            self.done.append(threading.current_thread().name)
            return fn(*args, **kwargs)

        return super().submit(work)
