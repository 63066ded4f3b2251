"""GuardMap: the guard of each path, and the paths of their metadata."""

import re
from collections.abc import Iterator, Mapping

from oauth_guard.errors import ConfigurationError
from oauth_guard.guard import Guard
from oauth_guard.protocol.paths import is_ambiguous, is_under

__all__ = ["GuardMap"]

_PREFIX = re.compile(r"/|(/[^/*%?#]+)+")


class GuardMap:
    """One guard for all paths, or one for each prefix: the longest by whole segments decides.

    Attributes:
        documents: The metadata of each guard by the path that serves it.

    Args:
        guard: The guard, or one for each prefix.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
    """

    def __init__(self, guard: Guard | Mapping[str, Guard]) -> None:
        guards = guard if isinstance(guard, Mapping) else {"/": guard}
        _check(guards)
        self._guards = sorted(guards.items(), key=lambda item: len(item[0]), reverse=True)
        self.documents = _documents(self)

    def __iter__(self) -> Iterator[Guard]:
        return (guard for _, guard in self._guards)

    @property
    def only(self) -> Guard | None:
        """The guard of all paths; None if there are several."""
        return self._guards[0][1] if len(self._guards) == 1 else None

    def at(self, path: str) -> Guard:
        """Return the guard of *path*."""
        return next(guard for prefix, guard in self._guards if is_under(path, prefix))


def _check(guards: Mapping[str, Guard]) -> None:
    if "/" not in guards:
        raise ConfigurationError('guard= must name a guard for "/", so that no path is unguarded.')
    for prefix in guards:
        if not _PREFIX.fullmatch(prefix) or is_ambiguous(prefix, None):
            raise ConfigurationError(
                f'guard= takes plain path prefixes like "/a" and "/a/b", not {prefix!r}.'
            )
    for each in guards.values():
        if not isinstance(each, Guard):
            raise ConfigurationError(
                "guard= is a Guard, or one for each path prefix: OAuthGuardMiddleware(app, guard)."
            )


def _documents(guards: GuardMap) -> dict[str, bytes]:
    documents: dict[str, bytes] = {}
    for guard in guards:
        path = guard.metadata_path
        if (
            path is not None
            and documents.setdefault(path, guard.metadata_document) != guard.metadata_document
        ):
            raise ConfigurationError(
                f"Two guards have their metadata at {path}: their resources need different paths, "
                "or one of them metadata=False."
            )
    return documents
