"""HeaderCache: parsed JOSE headers of tokens that validated (RFC 7515 §4)."""

from dataclasses import replace

from oauth_guard.jose.jws import JWS, JWSHeader

__all__ = ["HeaderCache"]

_MAX_HEADERS = 64


class HeaderCache(dict[bytes, JWSHeader]):
    """Parsed JOSE headers of tokens that validated, for `parse_jws`: equal ones are parsed once.

    An issuer writes the same header on thousands of tokens. How an encoded header parses never
    changes, and nothing else is cached: no outcome of a check. Only headers of valid tokens are
    added, so an attacker can't evict entries.
    """

    __slots__ = ()

    def add(self, token: JWS) -> None:
        """Cache the header of a *token* that validated; of more than 64, the oldest is evicted."""
        encoded = token.signing_input.partition(b".")[0]
        if encoded in self:  # by a token that was validated meanwhile
            return
        if len(self) >= _MAX_HEADERS:
            del self[next(iter(self))]
        self[encoded] = replace(token.header, is_cached=True)
