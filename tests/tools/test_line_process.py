"""LineProcess: each command has its result, and a process that ends has an error."""

import os
import sys

import pytest

from tests.tools.line_process import LineProcess

_DOUBLES = """
import json, sys
for line in sys.stdin:
    value = json.loads(line)
    if value == "end":
        sys.exit("no more")
    if value != "silent":
        print(json.dumps(value * 2), flush=True)
"""


def test_command_has_its_result_until_the_process_ends() -> None:
    """The error has the last output; commands after the end have it too."""
    with LineProcess("doubles", [sys.executable, "-c", _DOUBLES], os.environ) as process:
        assert [process.execute(each) for each in (1, "ä", [2])] == [2, "ää", [2, 2]]
        process.send("silent")
        assert process.execute(3) == 6
        for _ in range(2):
            with pytest.raises(RuntimeError, match=r"^doubles: no more"):
                process.execute("end")
