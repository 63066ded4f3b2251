"""final_status(): the status of a response, also if the application fails."""

from oauth_guard.asgi import Application
from tests.tools.benchmarks.request import Fields, status_for


async def final_status(app: Application, fields: Fields) -> int:
    """Return the status that *app* sends, or that a server sends for its exception."""
    try:
        return await status_for(app, fields)
    except Exception:  # noqa: BLE001 - as a server does
        return 500
