"""django-oauth-toolkit as an authorization server on loopback: run with `python -m`.

The first argument has its clients and its user, as JSON. It ends when its input ends.
"""

import json
import sys
import threading
from collections.abc import Mapping
from typing import Any
from wsgiref.simple_server import make_server

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application


def set_up() -> None:
    """Configure Django with an in-memory database."""
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "oauth2_provider",
        ],
        OAUTH2_PROVIDER={
            "SCOPES": {"read": "See people", "write": "Change people"},
            # Keeps the password grant, the shortest way to a user's token, in later releases.
            "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": False,
        },
        # A fast hash: these passwords and secrets protect nothing.
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ROOT_URLCONF="tests.robustness.foreign_servers.django_urls",
        SECRET_KEY="secret of a test process",
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)


def register(clients: Mapping[str, Mapping[str, str]], user: Mapping[str, str]) -> None:
    """Register the clients and the user."""
    application = apps.get_model("oauth2_provider", "Application")
    apps.get_model("auth", "User").objects.create_user(**user)
    for client_id, client in clients.items():
        application.objects.create(client_id=client_id, client_type="confidential", **client)


def serve() -> None:
    """Write the origin, and serve one request after another until the input ends."""
    server = make_server("127.0.0.1", 0, get_wsgi_application())

    def shut_down_at_end_of_input() -> None:
        sys.stdin.read()
        server.shutdown()

    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    threading.Thread(target=shut_down_at_end_of_input, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    registered: dict[str, Any] = json.loads(sys.argv[1])
    set_up()
    register(**registered)
    serve()
