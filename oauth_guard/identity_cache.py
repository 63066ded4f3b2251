"""IdentityCache: whom this process admitted a moment ago, to judge the same header quickly."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeAlias

from oauth_guard.protocol.access_token import Validation
from oauth_guard.protocol.binding import is_bound
from oauth_guard.protocol.identity import Identity

__all__ = ["IdentityCache"]

_Entry: TypeAlias = tuple[Identity, float, float, Callable[[], bool]]


class IdentityCache:
    """Identities by the digest of the `Authorization` value that earned them; oldest out first.

    What is remembered must not outlive what made it true: each entry ends with the token's
    time, and with its issuer's word. Digests only, so no token rests in memory.
    """

    def __init__(self, max_entries: int = 10_000) -> None:
        self._max_entries = max_entries
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()

    def remember(self, digest: bytes, identity: Identity, validation: Validation) -> None:
        """Remember who came with what has this *digest*, if that is a fact and stays one a while.

        What an issuer can't stand by, or a function of the operator's judges, is asked anew. A
        token that is bound to a key is never stored: its header alone does not prove its owner.
        """
        token, is_current = validation.token, validation.is_current
        if is_current is None or token.rules.claims.function is not None or is_bound(token):
            return
        self._entries.pop(digest, None)
        if len(self._entries) >= self._max_entries:
            self._entries.popitem(last=False)  # a plain dict would look for it past all that went
        begin, end = token.lifetime()
        self._entries[digest] = (identity, begin, end, is_current)

    def recall(self, digest: bytes, now: float) -> Identity | None:
        """Return who came with what has this *digest*, if at *now* the full path says so too.

        Where it can't be told at once, None; it says nothing of the token.
        """
        entry = self._entries.get(digest)
        if entry is None:
            return None
        identity, not_before, not_after, is_current = entry
        return identity if not_before <= now < not_after and is_current() else None
