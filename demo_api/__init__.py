"""The demo: a small people-data API and the authorization server that protects it."""
