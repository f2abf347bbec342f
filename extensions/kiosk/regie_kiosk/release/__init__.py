"""Release names, understood."""

from .model import AudioClass, Doubt, Kind, ReleaseName, Source, Span
from .path import parse_release_name

__all__ = ["AudioClass", "Doubt", "Kind", "ReleaseName", "Source", "Span", "parse_release_name"]
