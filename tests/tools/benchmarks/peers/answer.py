"""answer_of(): the status of an answer, also where an application fails."""

from oauth_guard.asgi import Application
from tests.tools.benchmarks.request import Fields, status_for


async def answer_of(app: Application, fields: Fields) -> int:
    """Return the status that *app* answers with, or that a server answers with in its place."""
    try:
        return await status_for(app, fields)
    except Exception:  # noqa: BLE001 - as a server does
        return 500
