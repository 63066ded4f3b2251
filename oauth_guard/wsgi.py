"""RemoteUser: hands the caller on to a WSGI application, as REMOTE_USER (RFC 3875 §4.1.11)."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from oauth_guard.asgi import IDENTITY
from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.identity import ANONYMOUS, Identity

__all__ = ["RemoteUser", "subject_of"]

NameOf: TypeAlias = Callable[[Identity], str | None]
"""Returns the name of a caller; None for one that has no name."""

_VARIABLE = "REMOTE_USER"
_HEADER = "HTTP_"


def subject_of(identity: Identity) -> str | None:
    """Return the subject of *identity*, which is unique within its issuer only."""
    return identity.subject


class RemoteUser:
    """Sets `REMOTE_USER` for *app* to the name of the caller, for every request.

    Put it around the WSGI application, inside the adapter that `OAuthGuardMiddleware` is around:
    `OAuthGuardMiddleware(WSGIMiddleware(RemoteUser(site)), guard)` with a2wsgi. An anonymous
    caller has no `REMOTE_USER`, and neither has one whose name is empty or contains a character
    that is not printable. As PEP 3333 requires, each character of the value is a byte of UTF-8.

    Header fields that an application may mistake for the variable are removed: each whose name
    contains `Remote-User`, in any case and with hyphens or underscores, and those of *hidden*.

    It validates nothing, and reads the caller from the ASGI connection alone, which a2wsgi passes
    on as `asgi.scope`. It does not read `current_identity()`: an adapter that runs a request in a
    thread without the context of its task could leave the caller of another request there.

    Args:
        app: The WSGI application.
        name: Returns the name of a caller. The subject by default: with several issuers use a
            name that contains the issuer too.
        hidden: The names of further header fields to remove, such as `"X-Forwarded-User"`.
    """

    def __init__(
        self, app: WSGIApplication, *, name: NameOf = subject_of, hidden: Iterable[str] = ()
    ) -> None:
        self._app, self._name = app, name
        self._hidden = frozenset(_variable(each) for each in hidden)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request.

        Raises:
            ConfigurationError: The adapter passes no ASGI connection on, or no guard is around it.
        """
        kept = {key: value for key, value in environ.items() if not self._is_hidden(key)}
        identity = _caller(environ)
        name = None if identity is ANONYMOUS else self._name(identity)
        if name and name.isprintable():
            kept[_VARIABLE] = name.encode().decode("latin-1")
        return self._app(kept, start_response)

    def _is_hidden(self, key: str) -> bool:
        if key == _VARIABLE:
            return True
        name = key.upper().replace("-", "_")
        return name.startswith(_HEADER) and (_VARIABLE in name or name in self._hidden)


def _variable(field: str) -> str:
    """Return the variable of a header *field* (RFC 3875 §4.1.18)."""
    return _HEADER + field.upper().replace("-", "_")


def _caller(environ: Mapping[str, object]) -> Identity:
    """Return the caller that the guard left in the ASGI connection."""
    connection = environ.get("asgi.scope")
    found = connection.get(IDENTITY) if isinstance(connection, dict) else None
    if not isinstance(found, Identity):
        raise ConfigurationError(
            "RemoteUser finds no caller: write "
            "OAuthGuardMiddleware(WSGIMiddleware(RemoteUser(app)), guard), with a2wsgi."
        )
    return found
