"""Issuers: the authorization servers that a guard trusts, their keys and their endpoints."""
