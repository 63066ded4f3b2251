"""Runs visier-platform-sdk with the password flow:  python visier_platform_client.py ORIGIN.

Standard input: further keyword arguments of its Configuration, as JSON. Standard output: /v1/me,
with the members of the vendor's first sample.
"""

import json
import sys

from visier_platform_sdk import ApiClient, Configuration, DataModelApi

if __name__ == "__main__":
    origin = sys.argv[1]
    configuration = Configuration(host=origin, api_key="unused", **json.load(sys.stdin))
    with ApiClient(configuration) as client:
        response = client.call_api("GET", f"{origin}/v1/me", {"Accept": "application/json"})
        me = json.loads(response.read())
        found = DataModelApi(client).members("Employee", "Gender")
    sys.stdout.write(json.dumps(me | {"members": [each.display_name for each in found.members]}))
