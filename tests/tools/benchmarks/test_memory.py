"""A guard uses little memory for valid tokens and none for invalid ones."""

import json
import os
import subprocess
import sys

# In a process of its own, since what other tests have left behind allocates memory too.
_MEASURE = """
import asyncio, json
from tests.tools.benchmarks.memory import measure_memory
figures = asyncio.run(measure_memory(tokens=500))
print(json.dumps([[each.value, each.target and each.target.is_met_by(each.value, slack=0.1)]
                  for each in figures]))
"""


def test_rejected_tokens_leave_no_memory_in_use() -> None:
    """Junk, forgeries, and tokens of unknown issuers or for other audiences."""
    environment = {name: os.environ[name] for name in os.environ if "COV" not in name}
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE], env=environment, check=True, stdout=subprocess.PIPE
    )
    # With few tokens, each takes a little more, hence the slack.
    valid, opaque, _, rejected, _ = json.loads(done.stdout)
    assert valid[1], valid
    assert opaque[1], opaque
    assert rejected == [0, True]
