"""PresentedToken: what stands after the scheme, taken apart once however many look at it."""

import binascii

from oauth_guard.protocol.jose import SignedToken, parse_signed_token
from oauth_guard.protocol.known_headers import KnownHeaders

__all__ = ["PresentedToken"]

_SIGNED_DOTS, _ENCRYPTED_DOTS = 2, 4


class PresentedToken:
    """A token as presented; nothing of it is believed yet, and its `repr` tells nothing.

    Attributes:
        text: The token itself.
    """

    __slots__ = ("_signed", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._signed: SignedToken | None = None

    @property
    def may_be_jwt(self) -> bool:
        """Whether it may be a JWT, by a glance: it costs junk nothing more, and others little."""
        # So begins the header of nearly every one: `{"`.
        return self.text.startswith("eyJ") or self._dots == _ENCRYPTED_DOTS or not self.opaque

    @property
    def opaque(self) -> bool:
        """Whether it has not the shape of a JWT, signed or encrypted, well-formed or not.

        Generously read: a token that another issuer may have meant as a JWT is none.
        """
        if self._dots not in {_SIGNED_DOTS, _ENCRYPTED_DOTS}:
            return True
        header = self.text.partition(".")[0]
        try:
            decoded = binascii.a2b_base64(header + "===")
        except ValueError:
            return True
        return not decoded.lstrip().startswith(b"{")

    @property
    def encrypted(self) -> bool:
        """Whether it has the shape of an encrypted JWT, whose claims can't be seen."""
        return not self.opaque and self._dots == _ENCRYPTED_DOTS

    @property
    def signed(self) -> SignedToken:
        """The token as a JWS, taken apart.

        Raises:
            InvalidToken: It is none.
        """
        if self._signed is None:
            self._signed = parse_signed_token(self.text)
        return self._signed

    def read(self, headers: KnownHeaders) -> SignedToken:
        """Return `signed`; a header that is among *headers* is not read again.

        Raises:
            InvalidToken: It is no JWS.
        """
        if self._signed is None:
            self._signed = headers.read(self.text)
        return self._signed

    def teach(self, headers: KnownHeaders) -> None:
        """Let *headers* know its header, if it has one; called once it was found good."""
        if self._signed is not None:
            headers.remember(self._signed)

    @property
    def _dots(self) -> int:
        return self.text.count(".")
