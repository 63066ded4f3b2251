"""Runs an application of a migration page in the environment of the foreign libraries.

    python foreign_app.py

Each line of standard input is a JSON object, and so is each line of output. `{"start": TEXT}` runs
the text of a block, and the lifespan of its `app`; `{"request": {...}}` sends a request to it and
returns the status. An application that does not start has the status None from then on.
`{"run": TEXT}` runs a text alone. Nothing here imports oauth_guard.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx

_SECONDS = 20


async def serve(read: Callable[[], str], write: Callable[[object], None]) -> None:
    """Execute each line until the input ends."""
    client: httpx.AsyncClient | None = None
    stack = AsyncExitStack()
    while line := await asyncio.to_thread(read):
        command = json.loads(line)
        if "run" in command:
            write({"raised": _raised(command["run"])})
        elif "start" in command:
            await stack.aclose()
            stack, client = AsyncExitStack(), None
            try:
                client = await _start(command["start"], stack)
            except Exception as error:  # noqa: BLE001 - whatever stops the application
                write({"started": False, "error": repr(error)})
                continue
            write({"started": True})
        elif client is None:
            write({"status": None})
        else:
            response = await client.request(**command["request"])
            write({"status": response.status_code, "body": response.text})
    await stack.aclose()


def _raised(text: str) -> str | None:
    try:
        exec(compile(text, "page", "exec"), {})  # noqa: S102 - the text of a page
    except Exception as error:  # noqa: BLE001 - whatever it raises
        return repr(error)
    return None


async def _start(text: str, stack: AsyncExitStack) -> httpx.AsyncClient:
    names: dict[str, Any] = {}
    await asyncio.to_thread(exec, compile(text, "page", "exec"), names)
    app = names["app"]
    await stack.enter_async_context(_lifespan(app))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="https://mcp.example.com")
    return await stack.enter_async_context(client)


@asynccontextmanager
async def _lifespan(app: Any) -> AsyncIterator[None]:
    """Run the lifespan of *app* in one task from start to end."""
    received: asyncio.Queue[Any] = asyncio.Queue()
    sent: asyncio.Queue[Any] = asyncio.Queue()
    await received.put({"type": "lifespan.startup"})
    connection = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    task = asyncio.create_task(app(connection, received.get, sent.put))
    message = await asyncio.wait_for(sent.get(), _SECONDS)
    if message["type"] != "lifespan.startup.complete":
        raise RuntimeError(message.get("message", "it does not start"))
    try:
        yield
    finally:
        await received.put({"type": "lifespan.shutdown"})
        await asyncio.wait_for(task, _SECONDS)


def main() -> None:
    """Use standard output for results only."""
    results = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def write(value: object) -> None:
        results.write(f"{json.dumps(value)}\n")
        results.flush()

    asyncio.run(serve(sys.stdin.readline, write))


if __name__ == "__main__":
    main()
