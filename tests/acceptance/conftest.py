"""The fixture `site`: the documentation as a site."""

from pathlib import Path

import pytest

from demo_api.guide import Guide, build


@pytest.fixture(scope="session")
def site() -> Path:
    """Return the folder that the demo serves; a warning of the build is an error.

    `sh tests/run` has built it, so that several workers don't each build their own.
    """
    folder = Guide().site
    if not folder.is_dir():
        build(folder)
    return folder
