"""Members of issuers and key sources: which one is missing, and one that is optional."""

__all__ = ["add_resource", "missing_member"]


def missing_member(value: object, protocol: type) -> str | None:
    """Return the name of a public member of *protocol* that *value* lacks; None if it has all.

    Signatures and types are not checked. A property of *value* is evaluated once.
    """
    for base in protocol.__mro__:
        for name in vars(base):
            if not name.startswith("_") and not hasattr(value, name):
                return name
    return None


def add_resource(issuer: object, resource: str) -> None:
    """Call `add_resource` of *issuer* with the *resource* of its guard, if it has this method."""
    method = getattr(issuer, "add_resource", None)
    if method is not None:
        method(resource)
