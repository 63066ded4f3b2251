"""Build the documentation:  python -m demo_api.guide [FOLDER]."""

import sys
from pathlib import Path

from demo_api.guide.build import BuildError, build, missing_tools
from demo_api.guide.serving import Guide


def main(arguments: list[str]) -> int:
    """Build the site into the folder that *arguments* name; return the exit status.

    Without a folder, the site is built where the demo serves it, unless it is there.
    """
    site = Path(arguments[0]) if arguments else Guide().site
    if not arguments and site.exists():
        return _built(site)
    if missing := missing_tools():
        print(f"stopped: install {' '.join(missing)}", file=sys.stderr)
        return 1
    if site.exists():
        print(f"stopped: {site} exists: name another folder", file=sys.stderr)
        return 1
    try:
        build(site)
    except BuildError as error:
        print(f"{error}\nstopped: fix what the lines above name", file=sys.stderr)
        return 1
    return _built(site)


def _built(site: Path) -> int:
    print(f"{site}/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
