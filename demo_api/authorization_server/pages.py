"""Pages: self-contained HTML without scripts, which can't be framed."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_HEADERS = {
    # No form-action: Chromium applies it to the redirects that follow a form, so it would have to
    # list every address to which a client may redirect.
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_environment = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template: str, status: int = 200, **values: object) -> HTMLResponse:
    """Return *template* filled with *values*."""
    # The style is a file of this package; the policy above allows exactly this text.
    html = _environment.get_template(template).render(style=Markup(_STYLE), **values)  # noqa: S704 - a file of this package
    return HTMLResponse(html, status, _HEADERS)


def error_page(status: int, message: str) -> HTMLResponse:
    """Return an error page, for errors that can't be redirected."""
    return page("error.html", status, message=message)
