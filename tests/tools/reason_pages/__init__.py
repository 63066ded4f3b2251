"""The page of each reason: one command, run where it fails and where it works."""

from tests.tools.reason_pages.page import FOLDER, index, page_of, page_without_scene
from tests.tools.reason_pages.scenes import SCENES
from tests.tools.reason_pages.stage import Stage, stage

__all__ = ["FOLDER", "SCENES", "Stage", "index", "page_of", "page_without_scene", "stage"]
