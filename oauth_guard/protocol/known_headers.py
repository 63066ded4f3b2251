"""KnownHeaders: the headers of good tokens, each read once (RFC 7515 §4)."""

from oauth_guard.protocol.jose import JOSEHeader, SignedToken, parse_signed_token

__all__ = ["KnownHeaders"]

_MAX_KNOWN = 64


class KnownHeaders:
    """What headers say that stood on good tokens: an issuer writes the same one on thousands.

    Remembered is how a text reads, which never changes, and no verdict. What a stranger makes up
    stands on no good token, so it is read each time, and can't push out what is remembered.
    """

    __slots__ = ("_headers",)

    def __init__(self) -> None:
        self._headers: dict[bytes, JOSEHeader] = {}

    def read(self, token: str) -> SignedToken:
        """Take a compact JWS apart.

        Raises:
            InvalidToken: See `parse_signed_token`.
        """
        return parse_signed_token(token, self._headers)

    def remember(self, token: SignedToken) -> None:
        """Remember the header of a *token* that was found good; beyond 64, the oldest goes."""
        encoded = token.signing_input.partition(b".")[0]
        if encoded in self._headers:
            return
        if len(self._headers) >= _MAX_KNOWN:
            del self._headers[next(iter(self._headers))]
        self._headers[encoded] = token.header
