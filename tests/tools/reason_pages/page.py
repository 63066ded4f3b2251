"""page_of(): the page of a reason, with what its command printed in both situations."""

import re
import textwrap
from pathlib import Path

from oauth_guard.explanations import EXPLANATIONS
from oauth_guard.reasons import Reason
from tests.tools.reason_pages.scene import Prepare, Scene
from tests.tools.reason_pages.stage import Stage

FOLDER = Path(__file__).parents[3] / "docs" / "reason"
_LONG = re.compile(r"[\w.%:+/=-]{60,}")
_SHOWN = 6
_EXPLAIN = """\
[`oauth-guard explain < token.txt`](../command-line.md#explain) prints every step for this token.
"""
_ACCEPTED = range(200, 300)


class UnexpectedError(Exception):
    """A scene did not go as its page says."""


def page_of(stage: Stage, reason: Reason, scene: Scene) -> str:
    """Play both situations of *scene*, and return the page about *reason*.

    Raises:
        UnexpectedError: The guard gives another reason, or rejects the request that should work.
    """
    failed, lines = _played(stage, scene.fails, scene)
    line = next((text for found, text in reversed(lines) if found == reason), None)
    if line is None:
        raise UnexpectedError(f"{reason}: {lines}; the command printed {failed}")
    worked, lines = _played(stage, scene.works, scene)
    if lines or worked == failed:
        raise UnexpectedError(f"{reason}: {lines}; the command printed {worked}")
    return _page(reason, scene, line, failed, worked)


def _played(stage: Stage, prepare: Prepare, scene: Scene) -> tuple[str, list[tuple[str, str]]]:
    """Play one situation; return what the page shows of it, and the reasons and lines of the log.

    Raises:
        UnexpectedError: The log has no reason, and the request got no response of success.
    """
    stage.reset()
    stage.lines()
    status = prepare(stage)
    lines = stage.lines()
    printed = stage.type(scene.command)
    if status is None:  # the command itself sends the request
        lines += stage.lines()
    elif not lines and status not in _ACCEPTED:
        raise UnexpectedError(f"status {status}")
    return f"{_files(stage, scene)}{_block(printed)}", lines


def page_without_scene(reason: Reason) -> str:
    """Return the page of a *reason* that no scene is written for: what its table says."""
    return f"{_head(reason)}\n{_remedy(reason)}"


def _files(stage: Stage, scene: Scene) -> str:
    return "".join(
        f"`{name}`:\n\n{_block(_shortened(stage.shown((stage.folder / name).read_text())))}\n\n"
        for name in scene.files
    )


def _block(text: str) -> str:
    return f"```text\n{text.strip()}\n```"


def _shortened(text: str) -> str:
    """Return *text* with tokens, proofs, certificates and other long values cut."""
    return _LONG.sub(lambda found: f"{found[0][:_SHOWN]}…", text)


def _page(reason: Reason, scene: Scene, line: str, failed: str, worked: str) -> str:
    return f"""\
{_head(reason)}
## Is this you?

The log `oauth_guard` of the API has a line that ends in the reason:

```text
{line}
```

## Run this, which changes nothing

{textwrap.fill(scene.needs, 100)}

```console
$ {scene.command}
```

While it fails:

{failed}

When it works:

{worked}

{_remedy(reason)}{_EXPLAIN if "token.txt" in scene.needs else ""}
The test suite runs both situations of this page: the guard writes the line of the log in the
first, and accepts the request in the second.
"""


def _head(reason: Reason) -> str:
    explanation = EXPLANATIONS[reason]
    text = f"{sentence(explanation.meaning)} The response has the status {explanation.status}."
    return f"# {reason}\n\n{textwrap.fill(text, 100)}\n"


def _remedy(reason: Reason) -> str:
    return f"""\
## Remedy

{textwrap.fill(sentence(EXPLANATIONS[reason].check), 100)}

On a loopback host, `Guard(..., debug=True)` adds the reason and its details to the response.
All reasons are listed at [Reasons](../reasons.md).
"""


def sentence(text: str) -> str:
    """Return *text* as a sentence; a name of code at its start keeps its case."""
    first = text if text.startswith("`") else text[:1].upper() + text[1:]
    return first if first.endswith(".") else f"{first}."


def index() -> str:
    """Return the page that lists the pages of all reasons."""
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
