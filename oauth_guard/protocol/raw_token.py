"""RawToken: a token as received, parsed at most once."""

import binascii
from collections.abc import Callable, Mapping
from typing import Any

from oauth_guard.jose.jws import FIRST_CHARACTERS, JWS, NO_HEADERS, JWSHeader, parse_jws
from oauth_guard.protocol.access_token import RegisteredClaims

__all__ = ["RawToken"]

_JWS_DOTS, _JWE_DOTS = 2, 4
_FIRST_CHARACTERS = FIRST_CHARACTERS | {"~"}  # which the lenient decoder skips
_TO_BASE64 = str.maketrans("-_", "+/")


class RawToken:
    """A token as received. It is not validated; its `repr` shows nothing of it.

    Attributes:
        text: The token itself.
        check: Checks what the guard requires of the claims, such as audience and times.
        prechecked: The claims that passed `check` in `precheck`; None if there are none.
        connection: The ASGI connection that carried it; None if that is unknown. An outcome that
            depends on it must not be cached.
        trace: The `Trace` of its request; None if it is not traced.
    """

    __slots__ = ("_jws", "check", "connection", "prechecked", "text", "trace")

    def __init__(self, text: str) -> None:
        self.text = text
        self.check: Callable[[RegisteredClaims], None] | None = None
        self.prechecked: RegisteredClaims | None = None
        self.connection: Mapping[str, Any] | None = None
        self.trace: Any = None
        self._jws: JWS | None = None

    @property
    def is_opaque(self) -> bool:
        """Whether it does not have the form of a JWT: signed or encrypted, well-formed or not.

        The test is lenient: a token that another issuer may have meant as a JWT is not opaque.
        """
        dots = self.text.count(".")
        return dots not in {_JWS_DOTS, _JWE_DOTS} or not _begins_object(self.text)

    @property
    def is_encrypted(self) -> bool:
        """Whether it has the form of an encrypted JWT, whose claims can't be read."""
        return not self.is_opaque and self.text.count(".") == _JWE_DOTS

    def precheck(self, unverified: RegisteredClaims) -> None:
        """Check what the guard requires of *unverified* claims, if the guard has set `check`.

        An issuer that needs a key calls it before it looks for one, so that a token which is
        rejected anyway causes no fetch. The guard checks every other token after its validation,
        so an issuer may leave it out.

        Raises:
            InvalidToken: See `AccessToken.check_claims`.
        """
        if self.check is not None:
            self.check(unverified)
            self.prechecked = unverified

    def parse(self, known_headers: Mapping[bytes, JWSHeader] = NO_HEADERS) -> JWS:
        """Return the token as a parsed JWS; a second call returns the same object.

        One of *known_headers* is not parsed again. The signature and the values of the claims
        are not checked.

        Raises:
            InvalidToken: It is not a well-formed JWS; see `parse_jws`.
        """
        if self._jws is None:
            self._jws = parse_jws(self.text, known_headers)
        return self._jws


def _begins_object(text: str) -> bool:
    """Return whether the first segment of *text* decodes, leniently, to the start of an object."""
    if text[0] not in _FIRST_CHARACTERS:
        return False
    try:
        # The decoder skips characters outside the alphabet, so `-` and `_` are translated first.
        decoded = binascii.a2b_base64(text.partition(".")[0].translate(_TO_BASE64) + "===")
    except ValueError:
        return False
    return decoded.lstrip().startswith(b"{")
