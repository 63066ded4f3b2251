"""`python -m oauth_guard`: the command `oauth-guard`."""

from oauth_guard.cli import main

main()
