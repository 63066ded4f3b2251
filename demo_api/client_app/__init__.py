"""The client application of the demo: a third party that asks for access to people data."""

from demo_api.client_app.app import create_client_app

__all__ = ["create_client_app"]
