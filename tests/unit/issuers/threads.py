"""Threads that tell what they did, and can be held back."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

__all__ = ["Threads"]


class Threads(ThreadPoolExecutor):
    """One thread, which notes what it did, and waits at a gate before each.

    Attributes:
        done: The name of the thread, for each thing that it did.
        begun: Set once it has begun something.
        gate: Open; a test may close it.
    """

    def __init__(self) -> None:
        super().__init__(1, thread_name_prefix="checks")
        self.done: list[str] = []
        self.begun = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Take something to do."""

        def work() -> Any:
            self.begun.set()
            assert self.gate.wait(10)
            self.done.append(threading.current_thread().name)
            return fn(*args, **kwargs)

        return super().submit(work)
