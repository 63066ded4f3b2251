"""ConnectionRules: what the rules of a middleware require of a connection."""

from collections.abc import Collection, Iterable, Sequence

from oauth_guard.asgi import Connection
from oauth_guard.errors import ConfigurationError
from oauth_guard.guard import Guard
from oauth_guard.protocol.requirement import Requirement
from oauth_guard.protocol.rules import Rules

__all__ = ["ConnectionRules", "check_policies", "check_requirements", "path_parts"]

_HANDSHAKE = "WEBSOCKET"
_ANY_POLICY = Requirement(policy="any")


class ConnectionRules:
    """The rules of a middleware.

    Args:
        rules: The rules.
        inner_root_paths: The prefixes that applications inside remove from the path.
    """

    def __init__(self, rules: Rules, inner_root_paths: Collection[str]) -> None:
        self._rules, self._inner_root_paths = rules, inner_root_paths

    def find(self, connection: Connection) -> Requirement:
        """Return what the path of *connection* requires.

        Raises:
            InvalidRequest: The path is ambiguous.
        """
        method = _HANDSHAKE
        if connection["type"] == "http":
            # A client may send an HTTP method `WEBSOCKET`, which no rule means.
            method = connection["method"].replace(_HANDSHAKE, "")
        return self._rules.requirement(method, *path_parts(connection, self._inner_root_paths))


def check_requirements(
    requirement: Requirement | None, rules: Rules | None, guards: Iterable[Guard], *, required: bool
) -> None:
    """Check the settings `requires=`, `rules=` and `required=` of a middleware.

    Raises:
        ConfigurationError: `rules=` is not alone, or one of *guards* can't introspect or evaluate
            policies, which a requirement needs.
    """
    if rules is not None and (requirement is not None or not required):
        raise ConfigurationError(
            "rules= says what each path requires: leave out requires= and required=, and "
            "write Rules(..., default=...)."
        )
    requirements = (requirement,) if rules is None else rules.requirements
    for each in requirements:
        if each is not None and each.needs_io:
            for guard in guards:
                guard.check_can_decide(each)


def check_policies(requirements: Iterable[Requirement], guards: Iterable[Guard]) -> None:
    """Check that some of *guards* evaluates policies, if one of *requirements* has one.

    Which guard serves a route is not known before a request, so one with a policy is an error
    then if its guard has no policy decision point.

    Raises:
        ConfigurationError: None of them does.
    """
    if any(each.policy is not None for each in requirements):
        every = list(guards)
        if not any(map(_evaluates_policies, every)):
            every[0].check_can_decide(_ANY_POLICY)


def _evaluates_policies(guard: Guard) -> bool:
    try:
        guard.check_can_decide(_ANY_POLICY)
    except ConfigurationError:
        return False
    return True


def path_parts(
    connection: Connection, inner_root_paths: Collection[str]
) -> tuple[str, bytes | None, Sequence[str]]:
    """Return the path, the path as the client sent it, and root paths to remove from it."""
    root_path = connection.get("root_path") or ""
    return connection["path"], connection.get("raw_path"), (root_path, *inner_root_paths)
