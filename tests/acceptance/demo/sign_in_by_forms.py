"""A browser without a screen:  python -m tests.acceptance.demo.sign_in_by_forms NAME ADDRESS.

It signs NAME in and consents, by the forms of the pages, and follows the way back to the client.
The standard BROWSER variable can name it.
"""

import sys

import httpx
from bs4 import BeautifulSoup, Tag

from demo_api.cast import RESOURCE_OWNERS


def browse(name: str, address: str) -> None:
    """Go where a person would go who is *name* and allows what is asked."""
    owner = next(each for each in RESOURCE_OWNERS if each.login_name == name)
    with httpx.Client(follow_redirects=True, timeout=20, trust_env=False) as browser:
        page = browser.get(address)
        page = _submit(browser, page, username=name, password=owner.password, action="sign-in")
        _submit(browser, page, action="allow").raise_for_status()


def _submit(browser: httpx.Client, page: httpx.Response, **typed: str) -> httpx.Response:
    form = BeautifulSoup(page.text, "html.parser").form
    if not isinstance(form, Tag):
        raise SystemExit(f"no form on the page at {page.url.path}")
    hidden = {str(one["name"]): str(one["value"]) for one in form.select("[type=hidden]")}
    return browser.post(page.url.join(str(form["action"])), data=hidden | typed)


if __name__ == "__main__":
    browse(*sys.argv[1:])
