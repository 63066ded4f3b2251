"""The documentation as a site: its sources, its build and its place at /guide/."""

from demo_api.guide.build import build, missing_tools
from demo_api.guide.serving import Guide, start_building

__all__ = ["Guide", "build", "missing_tools", "start_building"]
