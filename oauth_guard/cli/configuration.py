"""The command `oauth-guard config`: what is in force, and where it comes from."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from oauth_guard.cli.output import print_json, print_line, print_table
from oauth_guard.config import load_config
from oauth_guard.config.reader import Setting
from oauth_guard.config.schema import schema as config_schema
from oauth_guard.errors import ConfigurationError

__all__ = ["DEFAULT_FILE", "AsJSON", "ConfigFile", "config", "config_path"]

AsJSON = Annotated[bool, Parameter(name="--json", negative="")]
ConfigFile = Annotated[Path, Parameter(name=("--config", "-c"))]

DEFAULT_FILE = Path("oauth_guard.toml")
_HIDDEN = "hidden"


def config_path(path: Path, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return *path*, or None if it is the default, does not exist, and the environment suffices.

    Raises:
        ConfigurationError: There is neither a file nor a variable.
    """
    if path != DEFAULT_FILE or path.exists():
        return path
    if "OAUTH_GUARD_RESOURCE" in environ:
        return None
    raise ConfigurationError(f"there is no {path} here, and no OAUTH_GUARD_RESOURCE is set.")


def config(
    *,
    config: ConfigFile = DEFAULT_FILE,
    show: Annotated[bool, Parameter(negative="")] = False,
    schema: Annotated[bool, Parameter(negative="")] = False,
    as_json: AsJSON = False,
) -> int:
    """Check a configuration file and the environment, or print what is in force.

    No issuer is contacted: `oauth-guard check` does that. Exit code 0: every setting is right.
    2: a setting is wrong; the line on standard error begins with its file and line.

    Parameters
    ----------
    config
        The file.
    show
        Print each setting, its value and where the value comes from. Secrets are hidden.
    schema
        Print the JSON schema of configuration files, for editors, and do nothing else.
    as_json
        Print JSON.
    """
    if schema:
        print_json(config_schema())
        return 0
    path = config_path(config)
    settings = load_config(path).settings
    if not show:
        found = {"file": None if path is None else str(path), "status": "ok"}
        print_json(found) if as_json else print_line(f"{path or 'environment'}: ok")
    elif as_json:
        print_json([{**_row(each)} for each in settings])
    else:
        rows = (_row(each).values() for each in settings)
        print_table(("setting", "value", "origin"), [[_text(cell) for cell in row] for row in rows])
    return 0


def _row(setting: Setting) -> dict[str, Any]:
    value = _HIDDEN if setting.is_secret else setting.value
    return {"setting": setting.name, "value": value, "origin": setting.origin}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, default=str)
