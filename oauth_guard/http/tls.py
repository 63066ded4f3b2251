"""The TLS context of our own connections: one for all issuers, created outside the event loop."""

import os
import ssl
from concurrent.futures import Future
from contextlib import suppress
from importlib import import_module

import httpx

from oauth_guard.http.threads import call_in_thread, wait_for_call

__all__ = ["tls_context"]

_IMPORTED_LATE = ("anyio._backends._asyncio", "anyio.streams.tls")

# A fork while a context is being created would leave the child an entry that is never completed.
_contexts: "dict[tuple[str | None, ...], Future[ssl.SSLContext]]" = {}
os.register_at_fork(after_in_child=_contexts.clear)


async def tls_context() -> ssl.SSLContext:
    """Return the context that verifies servers by the authorities of httpx or the environment.

    It takes about 20 ms to create, since all certificates are read; a thread does that, once for
    each value of `SSL_CERT_FILE` and `SSL_CERT_DIR`. A failure is not cached.

    Raises:
        OSError: A file that the environment names can't be read.
    """
    named = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    future = _contexts.get(named)
    if future is None or (future.done() and future.exception() is not None):
        future = _contexts[named] = call_in_thread(_create)
    return future.result() if future.done() else await wait_for_call(future)


def _create() -> ssl.SSLContext:
    context = httpx.create_ssl_context()
    # The first transport and the first connection of a process import further modules. That takes
    # 70 ms, so it is done here.
    httpx.AsyncHTTPTransport(verify=context)
    with suppress(ImportError):
        for module in _IMPORTED_LATE:
            import_module(module)
    return context
