"""Playlists out of a library and its history: by rules, by a model's choice among candidates; written for players."""

from regie_music_tracker.playlists.assemble import Brief, Pick, Playlist, make
from regie_music_tracker.playlists.rules import RULES

__all__ = ["RULES", "Brief", "Pick", "Playlist", "make"]
