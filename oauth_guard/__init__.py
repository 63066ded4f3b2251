"""oauth_guard."""
