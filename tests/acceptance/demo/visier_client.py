"""Somebody else's client, as its own documentation uses it:  python visier_client.py ORIGIN.

The keyword arguments of its OAuth2 come as JSON on the standard input; what /v1/me says goes out.
"""

import json
import sys

from visier.connector import OAuth2, VisierSession  # type: ignore[import-untyped]  # it has no types

if __name__ == "__main__":
    credentials = OAuth2(host=sys.argv[1], api_key="of no use here", **json.load(sys.stdin))
    with VisierSession(credentials) as session:
        answer = session.execute(lambda each: each.session().get(each.mk_url("/v1/me")))
    sys.stdout.write(answer.text)
