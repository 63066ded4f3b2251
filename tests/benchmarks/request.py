"""status_of(): one request with a token, straight into an application, and its status."""

from oauth_guard.asgi import Application, Message


async def status_of(app: Application, token: str) -> int:
    """Return the status that *app* answers with."""
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    connection = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "root_path": "",
        "headers": [(b"host", b"api.test"), (b"authorization", b"Bearer " + token.encode())],
    }
    await app(connection, receive, send)
    return statuses.pop()
