"""PresentedToken: what stands after the scheme, taken apart once however many look at it."""

from oauth_guard.protocol.jose import SignedToken, parse_signed_token

__all__ = ["PresentedToken"]


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
    def signed(self) -> SignedToken:
        """The token as a JWS, taken apart.

        Raises:
            InvalidToken: It is none.
        """
        if self._signed is None:
            self._signed = parse_signed_token(self.text)
        return self._signed
