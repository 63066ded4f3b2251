"""HiddenCredentials: the credentials that the application behind a guard does not see."""

from collections.abc import Sequence

from oauth_guard.protocol.token_cookie import TokenCookie

__all__ = ["HiddenCredentials"]

_CREDENTIALS = frozenset({b"authorization", b"dpop"})


class HiddenCredentials:
    """Removes from header fields what carried the caller's credentials.

    Args:
        token_header: The field that carries the token instead of `Authorization`.
        token_cookie: The cookie that may carry the token.
    """

    def __init__(self, token_header: str | None, token_cookie: TokenCookie | None) -> None:
        self._fields = (
            _CREDENTIALS if token_header is None else frozenset({token_header.lower().encode()})
        )
        self._cookie = token_cookie

    def carry(self, field: tuple[bytes, bytes]) -> bool:
        """Return whether *field* has such credentials; a `Cookie` may have other cookies too."""
        if field[0].lower() in self._fields:
            return True
        return self._cookie is not None and bool(self._cookie.values([field]))

    def without(self, headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Return *headers* without the credentials; everything else stays in order."""
        kept = [field for field in headers if field[0].lower() not in self._fields]
        return kept if self._cookie is None else self._cookie.without(kept)
