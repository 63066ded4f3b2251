"""python -m tests.tools.config_schema: write the schema of configuration files from the code."""

import json
from pathlib import Path

from oauth_guard.config.schema import schema

FILE = Path(__file__).parents[2] / "oauth_guard" / "config" / "oauth_guard.schema.json"


def schema_text() -> str:
    """Return the schema as the file that is shipped has it."""
    return f"{json.dumps(schema(), indent=1)}\n"


if __name__ == "__main__":
    FILE.write_text(schema_text(), encoding="utf-8")
