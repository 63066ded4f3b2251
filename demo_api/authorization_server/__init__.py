"""The demo's authorization server: create_authorization_server() returns its routes."""

from demo_api.authorization_server.routes import create_authorization_server

__all__ = ["create_authorization_server"]
