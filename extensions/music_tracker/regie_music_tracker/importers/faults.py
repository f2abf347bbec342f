"""What can be wrong with a file, and with a row of it.

ImportFault: the file cannot be read on; its message says why, to the person who gave it.
└── ZoneNeeded: the file's times are local, and somebody has to say where.
"""

from enum import StrEnum


class ImportFault(Exception):
    """The file cannot be read on."""


class ZoneNeeded(ImportFault):
    """The file's times are local to a device whose zone it does not tell."""


class Skip(StrEnum):
    """Why a row makes no submission at all."""

    MALFORMED = "not a row of this format"
    NOW_PLAYING = "was playing, not played"
    NO_ARTIST = "no artist"
    NO_TITLE = "no title"
    BAD_TIME = "no readable time"
    PODCAST = "podcast"
    AUDIOBOOK = "audiobook"
    SKIPPED = "marked as skipped"
    OTHER_FILE = "file without a history"
