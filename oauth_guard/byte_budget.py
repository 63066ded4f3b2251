"""ByteBudget: bounds the memory that several caches share."""

from oauth_guard.errors import ConfigurationError

__all__ = ["MAX_CACHE_BYTES", "ByteBudget", "cache_budgets"]

MAX_CACHE_BYTES = 64 * 2**20
"""How many bytes the caches of a guard take by default: 64 MiB."""


class ByteBudget:
    """The memory that several caches share.

    A cache evicts only its own entries, so tokens of one issuer evict none of another issuer.

    Args:
        limit: The maximum sum of the sizes, in bytes.
    """

    __slots__ = ("limit", "used")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def fits(self, size: int) -> bool:
        """Return whether *size* more bytes are within the limit."""
        return self.used + size <= self.limit


def cache_budgets(max_cache_bytes: int) -> tuple[ByteBudget, ByteBudget]:
    """Return the budgets for identities and for introspection results: a half each.

    They are two, so that neither kind can take all the memory of the other.

    Raises:
        ConfigurationError: *max_cache_bytes* is not a whole number, or negative.
    """
    size: object = max_cache_bytes
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise ConfigurationError(
            f"max_cache_bytes= is a number of bytes: {MAX_CACHE_BYTES} by default, 0 for no cache."
        )
    return ByteBudget(size // 2), ByteBudget(size // 2)
