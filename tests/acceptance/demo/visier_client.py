"""Runs visier-connector as its documentation shows:  python visier_client.py ORIGIN.

Standard input: the keyword arguments of its OAuth2, as JSON. Standard output: /v1/me, with the
members of the vendor's first sample.
"""

import json
import sys

from visier.api import ModelApiClient  # type: ignore[import-untyped]  # it has no types
from visier.connector import OAuth2, VisierSession  # type: ignore[import-untyped]  # it has no types

if __name__ == "__main__":
    credentials = OAuth2(host=sys.argv[1], api_key="unused", **json.load(sys.stdin))
    with VisierSession(credentials) as session:
        response = session.execute(lambda each: each.session().get(each.mk_url("/v1/me")))
        found = ModelApiClient(session).get_members("Employee", "Gender").json()
    members = [each["displayName"] for each in found["members"]]
    sys.stdout.write(json.dumps(response.json() | {"members": members}))
