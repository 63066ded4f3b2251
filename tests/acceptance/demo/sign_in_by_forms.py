"""Sign a person in by forms:  python -m tests.acceptance.demo.sign_in_by_forms NAME ADDRESS.

It signs NAME in and consents by the forms of the pages, then follows the redirect to the client.
The environment variable BROWSER can name this command.
"""

import sys

import httpx
from bs4 import BeautifulSoup, Tag

from demo_api.accounts import RESOURCE_OWNERS


def browse(name: str, address: str) -> None:
    """Sign *name* in at *address* and allow the request."""
    owner = next(each for each in RESOURCE_OWNERS if each.login_name == name)
    with httpx.Client(follow_redirects=True, timeout=20, trust_env=False) as browser:
        page = browser.get(address)
        page = _submit(browser, page, username=name, password=owner.password, action="sign-in")
        _submit(browser, page, action="allow").raise_for_status()


def _submit(browser: httpx.Client, page: httpx.Response, **fields: str) -> httpx.Response:
    form = BeautifulSoup(page.text, "html.parser").form
    if not isinstance(form, Tag):
        raise SystemExit(f"no form on the page at {page.url.path}")
    hidden = {str(one["name"]): str(one["value"]) for one in form.select("[type=hidden]")}
    return browser.post(page.url.join(str(form["action"])), data=hidden | fields)


if __name__ == "__main__":
    browse(*sys.argv[1:])
