"""Verify a signature on the event loop, or in a thread where that is wanted."""

import asyncio
from concurrent.futures import Executor

from oauth_guard.jose.jws import JWS
from oauth_guard.jose.key_set import KeySet

__all__ = ["verify"]


async def verify(keys: KeySet, token: JWS, executor: Executor | None) -> None:
    """Hold the signature of *token* to *keys*: in *executor*, or here and now if there is none.

    Raises:
        InvalidToken: No key made it.
    """
    if executor is None:
        keys.verify(token)
    else:
        await asyncio.get_running_loop().run_in_executor(executor, keys.verify, token)
