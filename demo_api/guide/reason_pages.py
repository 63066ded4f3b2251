"""reason_pages(): a page for each reason, from the table of the library."""

import textwrap
from http import HTTPStatus

from oauth_guard.explanations import EXPLANATIONS, Explanation

_COMMAND = "curl -s -o /dev/null -D - https://api.example.com/orders"
_HEADER = ' -H "Authorization: Bearer $TOKEN"'


def reason_pages() -> dict[str, str]:
    """Return the text of each page by its path below docs/, such as `reason/expired.md`."""
    pages = {f"reason/{reason}.md": _page(reason, each) for reason, each in EXPLANATIONS.items()}
    return pages | {"reason/index.md": _index()}


def _page(reason: str, explanation: Explanation) -> str:
    status = f"{explanation.status} {HTTPStatus(explanation.status).phrase}"
    header = "" if reason == "no_credentials" else _HEADER
    return f"""\
# {reason}

{_sentence(explanation.meaning)} The response has the status {explanation.status}.

## Is this you?

The log `oauth_guard` of the API has a line that ends in the reason:

```text
https://api.example.com: GET /orders: {_logged(explanation.status)}: {reason}
```

## Run this, which changes nothing

```console
$ {_COMMAND}{header}
```

While it fails, it prints:

```text
HTTP/1.1 {status}
{_response_fields(explanation.status)}```

When it works, it prints `HTTP/1.1 200 OK`.

## What to check

{_sentence(explanation.check)}

On a loopback host, `Guard(..., debug=True)` adds the reason and its details to the response.
All reasons are listed at [Reasons](../reasons.md).
"""


def _response_fields(status: int) -> str:
    """Return the field that each response with *status* has; the page shows no value."""
    fields = {
        HTTPStatus.UNAUTHORIZED: "www-authenticate",
        HTTPStatus.SERVICE_UNAVAILABLE: "retry-after",
    }
    return f"{fields[HTTPStatus(status)]}: …\n" if status in fields else ""


def _logged(status: int) -> str:
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return "no response from https://login.example.com"
    return f"rejected with {status}"


def _sentence(text: str) -> str:
    """Return *text* as a sentence; a name of code at its start keeps its case."""
    first = text if text.startswith("`") else text[:1].upper() + text[1:]
    return textwrap.fill(first if first.endswith(".") else f"{first}.", 100)


def _index() -> str:
    rows = "".join(
        f"| [`{reason}`]({reason}.md) | {each.status} | {each.meaning} |\n"
        for reason, each in EXPLANATIONS.items()
    )
    return f"""\
# A page for each reason

The log of the API ends in one of these reasons when a request is rejected.

| reason | status | meaning |
|---|---|---|
{rows}"""
