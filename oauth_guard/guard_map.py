"""GuardMap: the guard of each path, and the paths of their metadata."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from oauth_guard.errors import ConfigurationError
from oauth_guard.guard import Guard
from oauth_guard.protocol.metadata import metadata_query
from oauth_guard.protocol.paths import fold_case, is_ambiguous, is_under, path_readings

__all__ = ["GuardMap"]

_PREFIX = re.compile(r"/|(/[^/*%?#{}<>\s]+)+")


class GuardMap:
    """One guard for all paths, or one for each prefix: the longest by whole segments decides.

    Attributes:
        documents: The metadata of each guard by the path that serves it, and by its query.

    Args:
        guard: The guard, or one for each prefix.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
    """

    def __init__(self, guard: Guard | Mapping[str, Guard]) -> None:
        guards = guard if isinstance(guard, Mapping) else {"/": guard}
        _check(guards)
        by_length = sorted(guards.items(), key=lambda item: len(item[0]), reverse=True)
        self._guards = [each for _, each in by_length]
        # The last prefix is the shortest: the one of all paths.
        self._prefixed = [(fold_case(prefix), each) for prefix, each in by_length[:-1]]
        self.documents = _documents(self)

    def __iter__(self) -> Iterator[Guard]:
        return iter(self._guards)

    @property
    def only(self) -> Guard | None:
        """The guard of all paths; None if there are several."""
        return self._guards[0] if len(self._guards) == 1 else None

    def document(self, query: bytes, *paths: str) -> bytes | None:
        """Return the metadata at the first of *paths* that has one.

        It is that of a resource with this *query*, or else of one without a query.
        """
        by_queries = (self.documents.get(path, {}) for path in paths)
        found = (each.get(query) or each.get(b"") for each in by_queries)
        return next(filter(None, found), None)

    def at(self, path: str) -> Guard:
        """Return the guard of *path*.

        Upper and lower case are not distinguished, since some routers do not: a path below a
        prefix but for its case has the guard of that prefix.
        """
        folded = fold_case(path)
        for prefix, guard in self._prefixed:
            if folded.startswith(prefix) and is_under(folded, prefix):
                return guard
        return self._guards[-1]

    def depends_on_reader(
        self, path: str, raw_path: bytes | None, root_paths: Sequence[str]
    ) -> bool:
        """Return whether two programs might find two different guards for one path.

        See `path_readings`.
        """
        readings = path_readings(path, raw_path, root_paths)
        if is_ambiguous(readings[0], raw_path):
            return True
        if len(readings) == 1:
            return False
        guard = self.at(readings[0])
        return any(self.at(each) is not guard for each in readings)


def _check(guards: Mapping[Any, Guard]) -> None:
    if "/" not in guards:
        raise ConfigurationError('guard= must name a guard for "/", so that no path is unguarded.')
    folded: dict[str, str] = {}
    for prefix in guards:
        if (
            not isinstance(prefix, str)
            or not _PREFIX.fullmatch(prefix)
            or is_ambiguous(prefix, None)
        ):
            raise ConfigurationError(
                f'guard= takes plain path prefixes like "/a" and "/a/b", not {prefix!r}.'
            )
        if (other := folded.setdefault(fold_case(prefix), prefix)) != prefix:
            raise ConfigurationError(
                f"guard= names {other!r} and {prefix!r}, which some routers read as one path: "
                "prefixes must differ by more than upper and lower case."
            )
    for each in guards.values():
        if not isinstance(each, Guard):
            raise ConfigurationError(
                "guard= is a Guard, or one for each path prefix: OAuthGuardMiddleware(app, guard)."
            )
    _check_tokens(guards.values())


def _check_tokens(guards: Iterable[Guard]) -> None:
    """Reject two resources whose guards accept each other's tokens."""
    for one, other in combinations(guards, 2):
        shared = one.accepted_tokens & other.accepted_tokens
        if one.resource != other.resource and shared:
            issuer, audience = min(shared)
            raise ConfigurationError(
                f"{one.resource} and {other.resource} accept each other's tokens, those of "
                f"{issuer} for {audience}: use an issuer for each guard, with an audience= or "
                "client of its own."
            )


def _documents(guards: GuardMap) -> dict[str, dict[bytes, bytes]]:
    documents: dict[str, dict[bytes, bytes]] = {}
    for guard in guards:
        if (path := guard.metadata_path) is None:
            continue
        by_query, document = documents.setdefault(path, {}), guard.metadata_document
        if by_query.setdefault(metadata_query(guard.resource), document) != document:
            raise ConfigurationError(
                f"Two guards have their metadata at {path}: their resources need different paths, "
                "or one of them metadata=False."
            )
    return documents
