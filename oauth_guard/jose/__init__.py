"""JOSE: signed tokens, and the keys that verify them (RFC 7515 to RFC 7519)."""
