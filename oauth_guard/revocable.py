"""Revocable: the methods of a guard that add entries to its deny-list."""

from typing import Protocol, Unpack

from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.revocation import Selector

__all__ = ["Revocable"]


class _DenyList(Protocol):
    """What of a `DenyList` is needed here."""

    async def revoke(self, issuer: str, **selector: Unpack[Selector]) -> None: ...

    async def revoke_all(self, issuer: str, *, issued_until: float | None = None) -> None: ...

    async def claims_changed(
        self, issuer: str, *, changed_at: float | None = None, **selector: Unpack[Selector]
    ) -> None: ...


class _Guard(Protocol):
    @property
    def deny_list(self) -> _DenyList | None: ...


class Revocable:
    """Gives a guard `revoke`, `revoke_all` and `claims_changed`."""

    async def revoke(self: _Guard, issuer: str, **selector: Unpack[Selector]) -> None:
        """Revoke tokens of *issuer*: see `DenyList.revoke`.

        Raises:
            ConfigurationError: There is no `deny_list=`, or the selector is wrong.
            StoreUnavailable: Other processes may not know the revocation: call it again.
        """
        await _needed(self.deny_list, "revoke").revoke(issuer, **selector)

    async def revoke_all(self: _Guard, issuer: str, *, issued_until: float | None = None) -> None:
        """Revoke each token that *issuer* has issued until now: see `DenyList.revoke_all`.

        Raises:
            ConfigurationError: There is no `deny_list=`, or *issuer* is empty.
            StoreUnavailable: Other processes may not know the revocation: call it again.
        """
        deny_list = _needed(self.deny_list, "revoke_all")
        await deny_list.revoke_all(issuer, issued_until=issued_until)

    async def claims_changed(
        self: _Guard, issuer: str, *, changed_at: float | None = None, **selector: Unpack[Selector]
    ) -> None:
        """Stop using claims from before a change: see `DenyList.claims_changed`.

        Raises:
            ConfigurationError: There is no `deny_list=`, or the selector is wrong.
            StoreUnavailable: Other processes may not know the change: call it again.
        """
        deny_list = _needed(self.deny_list, "claims_changed")
        await deny_list.claims_changed(issuer, changed_at=changed_at, **selector)


def _needed(deny_list: _DenyList | None, method: str) -> _DenyList:
    if deny_list is None:
        raise ConfigurationError(f"{method}() needs Guard(..., deny_list=DenyList()).")
    return deny_list
