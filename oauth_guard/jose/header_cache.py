"""HeaderCache: the headers of good tokens, each read once (RFC 7515 §4)."""

from oauth_guard.jose.jws import JWS, JWSHeader, parse_jws

__all__ = ["HeaderCache"]

_MAX_KNOWN = 64


class HeaderCache:
    """What headers say that stood on good tokens: an issuer writes the same one on thousands.

    Remembered is how a text reads, which never changes, and no verdict. What a stranger makes up
    stands on no good token, so it is read each time, and can't push out what is remembered.
    """

    __slots__ = ("_headers",)

    def __init__(self) -> None:
        self._headers: dict[bytes, JWSHeader] = {}

    def read(self, token: str) -> JWS:
        """Take a compact JWS apart.

        Raises:
            InvalidToken: See `parse_jws`.
        """
        return parse_jws(token, self._headers)

    def remember(self, token: JWS) -> None:
        """Remember the header of a *token* that was found good; beyond 64, the oldest goes."""
        encoded = token.signing_input.partition(b".")[0]
        if encoded in self._headers:
            return
        if len(self._headers) >= _MAX_KNOWN:
            del self._headers[next(iter(self._headers))]
        self._headers[encoded] = token.header
