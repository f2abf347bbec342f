"""Understands release names, scores them, decides and explains."""

from .choosing import Decision, Verdict, choose
from .library import Candidate, Existing, File, Grab, Library, Queued
from .matching import Match, NoMatch, WantedIndex, match
from .profiles import BUILT_IN, FRENCH, VO, VOSTFR, Fallback, Profile, ProfileError, VideoTier
from .reasons import Reason
from .release import AudioClass, Doubt, Kind, ReleaseName, Source, Span, parse_release_name
from .scoring import Part, Score, score
from .upgrades import Offer, Upgrade, UpgradeRule, upgrade, upgraded
from .windows import AirSource, AirTime, Certainty, Phase, Schedule, air_time, windows
from .works import Cour, Episode, Season, Wanted, Work, WorkKind

__all__ = [
    "BUILT_IN",
    "FRENCH",
    "VO",
    "VOSTFR",
    "AirSource",
    "AirTime",
    "AudioClass",
    "Candidate",
    "Certainty",
    "Cour",
    "Decision",
    "Doubt",
    "Episode",
    "Existing",
    "Fallback",
    "File",
    "Grab",
    "Kind",
    "Library",
    "Match",
    "NoMatch",
    "Offer",
    "Part",
    "Phase",
    "Profile",
    "ProfileError",
    "Queued",
    "Reason",
    "ReleaseName",
    "Schedule",
    "Score",
    "Season",
    "Source",
    "Span",
    "Upgrade",
    "UpgradeRule",
    "Verdict",
    "VideoTier",
    "Wanted",
    "WantedIndex",
    "Work",
    "WorkKind",
    "air_time",
    "choose",
    "match",
    "parse_release_name",
    "score",
    "upgrade",
    "upgraded",
    "windows",
]
