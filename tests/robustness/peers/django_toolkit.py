"""django-oauth-toolkit as an authorization server on loopback: run with `python -m`.

Its clients and its user are in the first argument, as JSON; it ends with its input.
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
    """Configure Django, with a database that lasts as long as this process."""
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
            # The shortest way to a user's token; later releases want to be asked for it.
            "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": False,
        },
        # The passwords of this user and these clients are worth no more.
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ROOT_URLCONF="tests.robustness.peers.django_addresses",
        SECRET_KEY="of a process that nobody else talks to",
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)


def register(clients: Mapping[str, Mapping[str, str]], user: Mapping[str, str]) -> None:
    """Register what may ask for tokens, and for whom."""
    application = apps.get_model("oauth2_provider", "Application")
    apps.get_model("auth", "User").objects.create_user(**user)
    for client_id, client in clients.items():
        application.objects.create(client_id=client_id, client_type="confidential", **client)


def serve() -> None:
    """Tell where, and serve one request after the other until the input ends."""
    server = make_server("127.0.0.1", 0, get_wsgi_application())

    def follow_the_input() -> None:
        sys.stdin.read()
        server.shutdown()

    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    threading.Thread(target=follow_the_input, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    registered: dict[str, Any] = json.loads(sys.argv[1])
    set_up()
    register(**registered)
    serve()
