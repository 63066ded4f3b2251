"""SignInRules: what an authorization request demands of the sign-in (RFC 9470 §4)."""

import re
from dataclasses import dataclass
from typing import Self

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError

from demo_api.authorization_server.requests import Parameters
from demo_api.authorization_server.settings import ACR, split_list


class UnmetAuthenticationRequirementsError(OAuth2Error):
    """No sign-in at this server has one of the requested values of `acr` (RFC 9470 §5)."""

    error = "unmet_authentication_requirements"
    description = "No sign-in at this server has one of these acr_values."


@dataclass(frozen=True)
class SignInRules:
    """The parameters `max_age` and `prompt` (OpenID Connect Core §3.1.2.1).

    Attributes:
        max_age: How long ago the sign-in may be, in seconds; None if the request does not say.
        login: Whether only a sign-in for this very request counts.
    """

    max_age: int | None
    login: bool

    @classmethod
    def of(cls, parameters: Parameters, redirect_uri: str) -> Self:
        """Read the parameters of a valid request, whose errors go to *redirect_uri*.

        Raises:
            InvalidRequestError: `max_age` is no number of seconds.
            UnmetAuthenticationRequirementsError: `acr_values` has no value of this server.
        """
        sent = parameters.data
        max_age, acr_values = sent.get("max_age"), sent.get("acr_values")
        state = sent.get("state")
        if max_age is not None and not re.fullmatch(r"[0-9]{1,9}", max_age):
            raise InvalidRequestError(
                "The max_age must be a number of seconds.", redirect_uri=redirect_uri, state=state
            )
        if acr_values is not None and ACR not in split_list(acr_values):
            raise UnmetAuthenticationRequirementsError(redirect_uri=redirect_uri, state=state)
        seconds = None if max_age is None else int(max_age)
        # A max_age of 0 is the same as prompt=login.
        return cls(seconds, seconds == 0 or "login" in split_list(sent.get("prompt", "")))
