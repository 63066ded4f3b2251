"""RequestOptions: the options that describe the request that `oauth-guard explain` sends."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from oauth_guard.cli.walk import Presented
from oauth_guard.errors import ConfigurationError

__all__ = ["RequestOptions"]

_FIELD_NAME = re.compile(r"[A-Za-z0-9\-]+")


@Parameter(name="*")
@dataclass(frozen=True)
class RequestOptions:
    """The request beside its token.

    Parameters
    ----------
    method
        The HTTP method of the request, or WEBSOCKET for a handshake.
    path
        Its path, as the application sees it, with a query if there is one.
    scope
        A scope that the route requires, besides what the configuration requires; repeatable.
    proof
        A DPoP proof. It counts as used where the configuration stores proofs.
    certificate
        A file with the client's certificate in PEM, as a server with TLS gives it.
    header
        A further header field, `Name: value`, such as one that a proxy writes; repeatable.
    peer
        The address of the TCP peer, such as that of a proxy.
    """

    method: str = "GET"
    path: str = "/"
    scope: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    proof: str | None = None
    certificate: Path | None = None
    header: Annotated[tuple[str, ...], Parameter(name=("--header", "-H"), negative="")] = ()
    peer: str = "127.0.0.1"

    def presented(self, token: str) -> Presented:
        """Return the request with *token*.

        Raises:
            ConfigurationError: An option is malformed, or the certificate can't be read.
        """
        if not self.path.startswith("/"):
            raise ConfigurationError('--path is the path of a request, such as "/orders?limit=1".')
        certificate = None if self.certificate is None else _content(self.certificate)
        headers = tuple(map(_field, self.header))
        return Presented(
            token,
            self.method.upper(),
            self.path,
            self.scope,
            self.proof,
            certificate,
            headers,
            self.peer,
        )


def _content(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"{file} can't be read as a certificate in PEM.") from None


def _field(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not _FIELD_NAME.fullmatch(name) or not value.isprintable():
        raise ConfigurationError('--header takes a field like "X-Proxy-Secret: value".')
    return name, value.strip()
