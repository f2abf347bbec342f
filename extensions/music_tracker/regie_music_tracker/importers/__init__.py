"""Histories from elsewhere: recognised by content, read as streams, in chunks that can be resumed and taken back."""

from regie_music_tracker.importers.faults import ImportFault, Skip
from regie_music_tracker.importers.reader import Chunk, Cursor, read_import

__all__ = ["Chunk", "Cursor", "ImportFault", "Skip", "read_import"]
