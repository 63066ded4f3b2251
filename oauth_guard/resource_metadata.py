"""metadata_app(): serves the metadata of guards that are inside an application (RFC 9728)."""

from oauth_guard.asgi import Application, Connection, Receive, Send, path_in_app, send_response
from oauth_guard.errors import ConfigurationError
from oauth_guard.guard import Guard
from oauth_guard.protocol.metadata import METADATA_HEADERS

__all__ = ["metadata_app"]

_METHODS = frozenset({"GET", "HEAD"})


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
    documents = {guard.metadata_path: guard.metadata_document for guard in guards}
    if not documents or None in documents:
        raise ConfigurationError(
            "metadata_app() takes guards that have metadata: metadata_app(app, guard)."
        )

    async def serve(scope: Connection, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in _METHODS:
            document = documents.get(path_in_app(scope))
            if document is not None:
                await send_response(send, scope["method"], 200, METADATA_HEADERS, document)
                return
        await app(scope, receive, send)

    return serve
