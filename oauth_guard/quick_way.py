"""QuickWay: what of most requests is told before anything is awaited."""

from oauth_guard.asgi import SECURE, Connection, path_in_app
from oauth_guard.errors import MissingCredentials
from oauth_guard.guard import Guard
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.identity import ANONYMOUS, Identity
from oauth_guard.protocol.paths import PublicPaths
from oauth_guard.protocol.requirement import Requirement

__all__ = ["QuickWay"]

# What no set of scopes holds, not even the one that "".split(" ") makes.
_NEVER: frozenset[object] = frozenset({None})


class QuickWay:
    """The way through the middleware where one header is the whole story.

    What is said here is what is said the long way: to the caller, to the application and to the
    operator. Every request pays for it, so little is called.

    Attributes:
        guard: The guard of all paths.
        enough: The scopes that are all it takes for a caller who has authenticated; where more
            is asked, what nobody has.

    Args:
        guard: The guard of all paths.
        requirement: What every path asks; None for not even a token.
        public: The paths that may be open.
    """

    def __init__(self, guard: Guard, requirement: Requirement | None, public: PublicPaths) -> None:
        self.guard = guard
        self._requirement = requirement
        self._paths = {guard.metadata_path, *public.paths}
        self._trees = public.trees
        self._tls_only = guard.transmission.require_https
        asked = requirement or Requirement()
        enough = asked.enough_scopes
        self.enough: frozenset[object] = _NEVER if enough is None else enough
        self._nobody = guard.prepare(MissingCredentials(scope=asked.challenge_scope))

    def leads_past(self, connection: Connection) -> bool:
        """Tell whether something else than a header may decide; if in doubt, it may."""
        path = connection["path"]
        # Metadata is found under the server's path and under the mount's.
        if connection.get("root_path"):
            if path in self._paths:
                return True
            path = path_in_app(connection)
        return (
            path in self._paths
            or path.startswith(self._trees)
            or connection["method"] == "OPTIONS"
            or (self._tls_only and connection.get("scheme") not in SECURE)
        )

    def hold(self, identity: Identity) -> Identity | Rejection:
        """Return *identity* if it has what every path asks, or else the answer to it."""
        if self._requirement is None:
            return identity
        if identity is ANONYMOUS:
            return self.guard.answer(self._nobody)
        error = self._requirement.violation(identity)
        return identity if error is None else self.guard.reject(error)
