"""HeaderCache: parsed JOSE headers of tokens that validated (RFC 7515 §4)."""

from dataclasses import replace

from oauth_guard.jose.jws import JWS, JWSHeader, parse_jws

__all__ = ["HeaderCache"]

_MAX_HEADERS = 64


class HeaderCache:
    """Parsed JOSE headers of tokens that validated, so that equal headers are parsed once.

    An issuer writes the same header on thousands of tokens. How an encoded header parses never
    changes, and nothing else is cached: no outcome of a check. Only headers of valid tokens are
    added, so an attacker can't evict entries.
    """

    __slots__ = ("_headers",)

    def __init__(self) -> None:
        self._headers: dict[bytes, JWSHeader] = {}

    def parse(self, token: str) -> JWS:
        """Parse a compact JWS, with a cached header if there is one.

        Raises:
            InvalidToken: See `parse_jws`.
        """
        return parse_jws(token, self._headers)

    def add(self, token: JWS) -> None:
        """Cache the header of a *token* that validated; of more than 64, the oldest is evicted."""
        if token.header.is_cached:
            return
        encoded = token.signing_input.partition(b".")[0]
        if encoded in self._headers:  # by a token that was validated meanwhile
            return
        if len(self._headers) >= _MAX_HEADERS:
            del self._headers[next(iter(self._headers))]
        self._headers[encoded] = replace(token.header, is_cached=True)
