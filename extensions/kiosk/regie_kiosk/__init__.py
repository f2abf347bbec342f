"""Understands release names, scores them, decides and explains."""

from .release import AudioClass, Doubt, Kind, ReleaseName, Source, Span, parse_release_name

__all__ = ["AudioClass", "Doubt", "Kind", "ReleaseName", "Source", "Span", "parse_release_name"]
