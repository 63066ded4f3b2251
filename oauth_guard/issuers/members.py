"""missing_member: find what an issuer or key source of the user's own lacks."""

__all__ = ["missing_member"]


def missing_member(value: object, protocol: type) -> str | None:
    """Return the name of a public member of *protocol* that *value* lacks; None if it has all.

    Signatures and types are not checked. A property of *value* is evaluated once.
    """
    for base in protocol.__mro__:
        for name in vars(base):
            if not name.startswith("_") and not hasattr(value, name):
                return name
    return None
