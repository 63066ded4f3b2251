"""OwnClient: a client that a visitor registered."""

from dataclasses import dataclass, field

from demo_api.accounts import RegisteredClient


@dataclass
class OwnClient:
    """A client that a visitor registered. Its secret is shown once."""

    client: RegisteredClient
    secret_to_show: str | None = field(repr=False)

    def take_secret(self) -> str | None:
        """Return the secret the first time, None afterwards."""
        secret, self.secret_to_show = self.secret_to_show, None
        return secret
