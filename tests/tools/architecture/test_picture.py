"""The picture of the architecture: what it says about the imports of a module."""

import pytest

from tests.tools.architecture.layers import LAYERS
from tests.tools.architecture.picture import imports_of
from tests.tools.architecture.source import modules_of


@pytest.mark.parametrize("name", ["guard", "middleware", "jose"])
def test_imports_in_the_picture_lead_down(name: str) -> None:
    """So the sentence above the picture is true of each box."""
    imports = imports_of(modules_of("oauth_guard"))[name]
    assert all(LAYERS[each] < LAYERS[name] for each in imports)
