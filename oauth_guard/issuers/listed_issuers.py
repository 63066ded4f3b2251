"""check_listed() and others: the issuers that an operator lists, and which validates a token."""

from collections.abc import Iterable, Sequence

from oauth_guard.errors import ConfigurationError
from oauth_guard.interfaces import Issuer, Store
from oauth_guard.issuers.members import missing_member
from oauth_guard.issuers.tenants import Tenants
from oauth_guard.jose.algorithms import ASYMMETRIC, SYMMETRIC
from oauth_guard.protocol.urls import is_issuer_url

__all__ = [
    "accepting_opaque",
    "algorithms_of",
    "by_prefix",
    "check_listed",
    "check_not_shared",
    "check_store",
    "published_name",
    "published_names",
    "validating",
]


def check_listed(issuers: object) -> tuple[Issuer | Tenants, ...]:
    """Check what was configured as `issuers`, also for callers without a type checker.

    Raises:
        ConfigurationError: It is no list of issuers, or one lacks a member of `Issuer`.
    """
    example = '[JWTIssuer("https://login.example.com")]'
    if isinstance(issuers, str) or not isinstance(issuers, Iterable):
        raise ConfigurationError(f"issuers is a list of issuers: {example}.")
    listed = tuple(issuers)
    if not listed:
        raise ConfigurationError(f"issuers is empty: list at least one, {example}.")
    for each in listed:
        if isinstance(each, Tenants):
            continue
        if isinstance(each, type) or not hasattr(each, "validate"):
            raise ConfigurationError(f"issuers contains {each!r}, which is no issuer: {example}.")
        if member := missing_member(each, Issuer):
            raise ConfigurationError(
                f"issuers contains a {type(each).__name__} without `{member}`: an issuer has "
                "every member of oauth_guard.interfaces.Issuer."
            )
    return listed


def check_store(store: object) -> None:
    """Check that *store* has every member of `Store`, or is None.

    Raises:
        ConfigurationError: It lacks one, or is a class.
    """
    if store is not None and (isinstance(store, type) or missing_member(store, Store)):
        raise ConfigurationError(
            "store= takes a store, such as MemoryStore() or RedisStore(url, key=...)."
        )


def validating(name: str, issuers: Iterable[Issuer]) -> tuple[Issuer, ...]:
    """Return those of *issuers* that validate the JWTs of the issuer *name*.

    One that introspects does only if there is no other.

    Raises:
        ConfigurationError: Two introspect, or accept the same algorithm.
    """
    named = [each for each in issuers if each.issuer == name]
    signed = tuple(each for each in named if not each.accepts_opaque)
    algorithms = [algorithm for each in signed for algorithm in algorithms_of(each)]
    if len(named) - len(signed) > 1 or len(set(algorithms)) != len(algorithms):
        raise ConfigurationError(
            f"issuers lists {name} twice: list it once, or for two kinds of keys give each its "
            "own algorithms=."
        )
    return signed or tuple(named)


def algorithms_of(issuer: Issuer) -> frozenset[str]:
    """Return the values of `alg` that *issuer* accepts; every one if its class does not say."""
    algorithms: frozenset[str] = getattr(issuer, "algorithms", ASYMMETRIC | SYMMETRIC)
    return algorithms


def published_names(issuers: Iterable[Issuer | Tenants]) -> tuple[str, ...]:
    """Return the authorization servers that the metadata of a resource with *issuers* names."""
    names: dict[str, None] = {}
    for each in issuers:
        if isinstance(each, Tenants):
            names.update(dict.fromkeys(each.advertised))
        elif (name := published_name(each)) is not None:
            names[name] = None
    return tuple(names)


def published_name(issuer: Issuer) -> str | None:
    """Return the identifier by which the metadata of *issuer* is found; None if by none."""
    name = getattr(issuer, "metadata_issuer", issuer.issuer)
    return name if is_issuer_url(name, insecure_http=True) else None


def accepting_opaque(issuers: Iterable[Issuer]) -> list[Issuer]:
    """Return those of *issuers* that accept opaque tokens, whatever they begin with."""
    return [each for each in issuers if each.accepts_opaque and not hasattr(each, "token_prefix")]


def by_prefix(issuers: Iterable[Issuer]) -> dict[str, Issuer]:
    """Return those of *issuers* that accept only tokens with a prefix, by that prefix.

    Raises:
        ConfigurationError: One prefix begins with another.
    """
    found: dict[str, Issuer] = {}
    for issuer in issuers:
        prefix = getattr(issuer, "token_prefix", None)
        if prefix is None:
            continue
        for other, first in found.items():
            if prefix.startswith(other) or other.startswith(prefix):
                raise ConfigurationError(
                    f"{first.issuer} and {issuer.issuer} accept tokens with the same "
                    "prefix: give each its own prefix=."
                )
        found[prefix] = issuer
    return found


def check_not_shared(*groups: Sequence[Issuer]) -> None:
    """Reject a group of issuers that would receive each other's tokens.

    Raises:
        ConfigurationError: A group has more than one issuer.
    """
    for group in groups:
        if len(group) > 1:
            raise ConfigurationError(
                f"{' and '.join(each.issuer for each in group)} accept tokens that name no "
                "issuer, so each would receive the other's tokens: list only one of them, or "
                "write share_tokens=True."
            )
