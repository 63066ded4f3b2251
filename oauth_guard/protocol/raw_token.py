"""RawToken: what stands after the scheme, taken apart once however many look at it."""

import binascii

from oauth_guard.jose.header_cache import HeaderCache
from oauth_guard.jose.jws import JWS, parse_jws

__all__ = ["USUAL_JWT_BEGINNING", "RawToken"]

USUAL_JWT_BEGINNING = b"ey"
"""So the header of nearly every JWT begins, encoded: with a brace, and a quote or a space."""

_USUAL = USUAL_JWT_BEGINNING.decode()
_SIGNED_DOTS, _ENCRYPTED_DOTS = 2, 4
# How an object may begin, encoded: `e` a brace; `I`, `C`, `D` white space before one; base64
# skips `~`.
_BEGINNINGS = frozenset("eICD~")
_GENEROUS = str.maketrans("-_", "+/")


class RawToken:
    """A token as presented; nothing of it is believed yet, and its `repr` tells nothing.

    Attributes:
        text: The token itself.
    """

    __slots__ = ("_signed", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._signed: JWS | None = None

    @property
    def may_be_jwt(self) -> bool:
        """Whether it is worth taking apart; what is not is refused as `signed` would refuse it."""
        if self.text.startswith(_USUAL):
            return True
        dots = self.text.count(".")
        return dots == _ENCRYPTED_DOTS or (dots == _SIGNED_DOTS and _begins_an_object(self.text))

    @property
    def opaque(self) -> bool:
        """Whether it has not the shape of a JWT, signed or encrypted, well-formed or not.

        Generously read: a token that another issuer may have meant as a JWT is none.
        """
        dots = self.text.count(".")
        return dots not in {_SIGNED_DOTS, _ENCRYPTED_DOTS} or not _begins_an_object(self.text)

    @property
    def encrypted(self) -> bool:
        """Whether it has the shape of an encrypted JWT, whose claims can't be seen."""
        return not self.opaque and self.text.count(".") == _ENCRYPTED_DOTS

    @property
    def signed(self) -> JWS:
        """The token as a JWS, taken apart.

        Raises:
            InvalidToken: It is none.
        """
        if self._signed is None:
            self._signed = parse_jws(self.text)
        return self._signed

    def read(self, headers: HeaderCache) -> JWS:
        """Return `signed`; a header that is among *headers* is not read again.

        Raises:
            InvalidToken: It is no JWS.
        """
        if self._signed is None:
            self._signed = headers.read(self.text)
        return self._signed

    def teach(self, headers: HeaderCache) -> None:
        """Let *headers* know its header, if it has one; called once it was found good."""
        if self._signed is not None:
            headers.remember(self._signed)


def _begins_an_object(text: str) -> bool:
    """Tell whether the first segment of *text* reads, generously, as the begin of an object."""
    if text[0] not in _BEGINNINGS:
        return False
    try:
        # What is not of the alphabet is skipped, so what base64url has of its own must be.
        decoded = binascii.a2b_base64(text.partition(".")[0].translate(_GENEROUS) + "===")
    except ValueError:
        return False
    return decoded.lstrip().startswith(b"{")
