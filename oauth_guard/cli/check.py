"""The command `oauth-guard check`: whether the issuers of a configuration can be used."""

import asyncio
import logging
from collections.abc import Sequence

from oauth_guard.cli.configuration import DEFAULT_FILE, AsJSON, ConfigFile, config_path
from oauth_guard.cli.output import print_json, print_table
from oauth_guard.cli.probes import Finding, probe
from oauth_guard.config import load_config

__all__ = ["check"]


def check(
    *, config: ConfigFile = DEFAULT_FILE, deadline: float = 10, as_json: AsJSON = False
) -> int:
    """Check each issuer of the configuration, its decision point and its resource's metadata.

    Of each issuer: its metadata and keys, its clock, the end of its certificate, and whether it
    accepts our credentials for introspection, with a random token. Of a policy decision point:
    the end of its certificate, and whether it decides about a random subject. Exit code 0: no
    fault was found. 1: a fault was found. 2: a setting is wrong.

    Parameters
    ----------
    config
        The file.
    deadline
        After how many seconds each check ends; all run at the same time.
    as_json
        Print JSON.
    """
    logging.getLogger("oauth_guard").addHandler(logging.NullHandler())  # the findings say the same
    configuration = load_config(config_path(config))
    return _report(asyncio.run(probe(configuration, deadline)), as_json=as_json)


def _report(found: Sequence[Finding], *, as_json: bool) -> int:
    """Print what was *found*, and return the exit code."""
    if as_json:
        print_json([each._asdict() for each in found])
    else:
        print_table(Finding._fields, found)
    return int(any(each.status == "fault" for each in found))
