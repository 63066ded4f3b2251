"""Measurement: what the parts of a guard measure about themselves, and the name of each."""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

__all__ = ["MEASUREMENTS", "Kind", "Measurement", "measurements_of"]

Kind: TypeAlias = Literal["gauge", "counter"]


class Measurement(NamedTuple):
    """One value, at the time when it is read.

    Attributes:
        name: A key of `MEASUREMENTS`.
        value: The value, in the unit that its name ends in.
        issuer: The configured name of the issuer that it is about; None if it is about none.
    """

    name: str
    value: float
    issuer: str | None = None


MEASUREMENTS: Mapping[str, tuple[Kind, str]] = {
    "keys_age_seconds": ("gauge", "How long ago the keys of an issuer were fetched."),
    "keys_stale": ("gauge", "Whether they are used past their lifetime, as in an outage."),
    "key_fetches": ("counter", "Fetches of the keys of an issuer that were started."),
    "key_fetch_failures": ("gauge", "Fetches that failed since the last one that did not."),
    "introspection_down": ("gauge", "Whether an introspection endpoint is considered down."),
    "introspections_in_flight": ("gauge", "Introspection requests without a response yet."),
    "policy_decision_point_down": ("gauge", "Whether the decision point is considered down."),
    "policy_evaluations_in_flight": ("gauge", "Requests to it without a response yet."),
    "policy_evaluations": ("counter", "Access evaluations that were requested from it."),
    "policy_decisions_reused": ("counter", "Requests that a cached decision decided."),
    "revocations": ("gauge", "Entries of the deny-list."),
    "revocations_age_seconds": ("gauge", "How long ago the shared notices were read."),
    "proofs_remembered": ("gauge", "DPoP proofs that this process remembers as used."),
    "open_connections": ("gauge", "Open WebSockets, and streams that end with their token."),
}
"""The kind and the description of each measurement."""


def measurements_of(part: object) -> Iterator[Measurement]:
    """Yield the measurements of *part*, if it has the optional method `measurements`."""
    measure = getattr(part, "measurements", None)
    if measure is not None:
        yield from measure()
