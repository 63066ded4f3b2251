"""Verify a signature on the event loop, or in a thread where that is wanted."""

import asyncio
from concurrent.futures import Executor

from oauth_guard.protocol.jose import SignedToken
from oauth_guard.protocol.keys import KeySet

__all__ = ["verify"]


async def verify(keys: KeySet, token: SignedToken, executor: Executor | None) -> None:
    """Hold the signature of *token* to *keys*: in *executor*, or here and now if there is none.

    Raises:
        InvalidToken: No key made it.
    """
    if executor is None:
        keys.verify(token)
    else:
        await asyncio.get_running_loop().run_in_executor(executor, keys.verify, token)
