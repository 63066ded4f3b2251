"""access_tokens(): tokens in the parameters of a query or a form (RFC 6750 §2.2, §2.3)."""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from oauth_guard.errors import InvalidRequest, Reason

__all__ = ["access_tokens", "is_form", "query_carries_token"]

_FORM = b"application/x-www-form-urlencoded"
_MAX_PARAMETERS = 1000


def is_form(method: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether a body may carry a token.

    It may if it is a form with one content type, and the method defines a meaning for its body
    (RFC 6750 §2.2).
    """
    types = [value for name, value in headers if name.lower() == b"content-type"]
    return (
        method in {"POST", "PUT", "PATCH"}
        and len(types) == 1
        and types[0].partition(b";")[0].strip().lower() == _FORM
    )


def query_carries_token(query: bytes) -> bool:
    """Return whether a query string has an `access_token` parameter."""
    return bool(access_tokens(query))


def access_tokens(encoded: bytes) -> list[bytes]:
    """Return the values of the `access_token` parameters in an encoded query or form.

    Raises:
        InvalidRequest: There are more than 1000 parameters.
    """
    try:
        pairs = parse_qsl(
            encoded.decode("latin-1"),  # byte for byte; a token68 is ASCII anyway
            keep_blank_values=True,
            encoding="latin-1",
            max_num_fields=_MAX_PARAMETERS,
        )
    except ValueError:  # more than _MAX_PARAMETERS
        raise InvalidRequest(Reason.MALFORMED_CREDENTIALS) from None
    return [value.encode("latin-1") for name, value in pairs if name == "access_token"]
