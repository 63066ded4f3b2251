"""Runs visier-platform-sdk with the password flow:  python visier_platform_client.py ORIGIN.

Standard input: further keyword arguments of its Configuration, as JSON. Standard output: /v1/me.
"""

import json
import sys

from visier_platform_sdk import ApiClient, Configuration

if __name__ == "__main__":
    origin = sys.argv[1]
    configuration = Configuration(host=origin, api_key="unused", **json.load(sys.stdin))
    with ApiClient(configuration) as client:
        response = client.call_api("GET", f"{origin}/v1/me", {"Accept": "application/json"})
        response.read()
    sys.stdout.write(response.data.decode())
