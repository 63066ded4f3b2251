"""metadata_app(): serves the metadata of guards that are inside an application (RFC 9728)."""

from oauth_guard.asgi import Application, Connection, Receive, Send, path_in_app, send_metadata
from oauth_guard.errors import ConfigurationError
from oauth_guard.guard import Guard
from oauth_guard.protocol.metadata import metadata_query

__all__ = ["metadata_app"]


def metadata_app(app: Application, *guards: Guard) -> Application:
    """Return *app* as an application that serves the metadata of *guards* at the root.

    A guard inside a mount, or in a framework's own list of middleware, does not receive the path
    of its metadata, which begins at the root. Challenges name that path all the same.

    Args:
        app: The outermost application.
        guards: The guards inside it.

    Raises:
        ConfigurationError: There is no guard, or one was built with `metadata=False`.
    """
    documents: dict[tuple[str | None, bytes], bytes] = {
        (guard.metadata_path, metadata_query(guard.resource)): guard.metadata_document
        for guard in guards
    }
    if not documents or any(path is None for path, _ in documents):
        raise ConfigurationError(
            "metadata_app() takes guards that have metadata: metadata_app(app, guard)."
        )

    async def serve(scope: Connection, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path, query = path_in_app(scope), scope.get("query_string", b"")
            document = documents.get((path, query)) or documents.get((path, b""))
            if document is not None:
                await send_metadata(send, scope["method"], scope["headers"], document)
                return
        await app(scope, receive, send)

    return serve
