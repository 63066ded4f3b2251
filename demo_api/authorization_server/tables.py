"""Base: the declarative base of the authorization server's tables."""

from typing import ClassVar

from sqlalchemy import JSON
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Lists of strings are stored as JSON."""

    type_annotation_map: ClassVar = {list[str]: JSON}
