"""Numbers, durations and times as a person reads them, in the viewer's language and time zone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

from babel import Locale
from babel.dates import format_datetime, format_skeleton, format_timedelta
from babel.numbers import format_decimal
from babel.units import format_unit

Moment = datetime | float | str
"""A point in time: aware datetime, epoch seconds, or ISO 8601."""

NOTHING = "–"


def moment(value: Moment) -> datetime:
    """Any notation of a point in time as an aware datetime; a naive one is read as UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        return datetime.fromtimestamp(value, UTC)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


class Formats:
    """The template filters of one viewer. Each answers an en dash for None."""

    def __init__(self, locale: Locale, time_zone: tzinfo, now: Callable[[], datetime]) -> None:
        self.locale = locale
        self.time_zone = time_zone
        self._now = now

    def number(self, value: float | None, digits: int = 1) -> str:
        """12345.678 → 12,345.7; whole numbers keep no decimals."""
        if value is None:
            return NOTHING
        pattern = "#,##0" if float(value).is_integer() else "#,##0." + "#" * digits
        return str(format_decimal(value, format=pattern, locale=self.locale))

    def duration(self, seconds: float | None) -> str:
        """4620 → 1 h 17; 1440 → 24 min; 45 → 45 s."""
        if seconds is None:
            return NOTHING
        if seconds < 60:
            return f"{int(seconds)} s"
        minutes = round(seconds / 60)
        if minutes < 60:
            return f"{minutes} min"
        hours, minutes = divmod(minutes, 60)
        return f"{hours} h {minutes:02}" if minutes and hours < 100 else f"{self.number(hours)} h"

    def clock(self, seconds: float | None) -> str:
        """4622 → 1:17:02; 118 → 1:58."""
        if seconds is None:
            return NOTHING
        minutes, second = divmod(max(0, int(seconds)), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"

    def bitrate(self, kbps: float | None) -> str:
        """38200 → 38.2 Mb/s."""
        if kbps is None:
            return NOTHING
        if kbps < 1000:
            return f"{self.number(round(kbps))} kb/s"
        return f"{self.number(kbps / 1000)} Mb/s"

    def bytes(self, count: float | None) -> str:
        """3100000000 → 3.1 GB."""
        if count is None:
            return NOTHING
        for unit, size in (("terabyte", 1e12), ("gigabyte", 1e9), ("megabyte", 1e6), ("kilobyte", 1e3)):
            if count >= size:
                pattern = "#,##0.#" if count < 100 * size else "#,##0"
                return format_unit(count / size, f"digital-{unit}", "short", format=pattern, locale=self.locale)
        return format_unit(count, "digital-byte", "narrow", locale=self.locale)

    def datetime(self, value: Moment | None) -> str:
        """The day and the minute: 20 Nov, 21:04."""
        if value is None:
            return NOTHING
        return f"{self.date(value)}, {self.time(value)}"

    def date(self, value: Moment | None) -> str:
        """The day: 20 Nov, with the year when it is not this one."""
        if value is None:
            return NOTHING
        is_this_year = moment(value).astimezone(self.time_zone).year == self._now().astimezone(self.time_zone).year
        pattern = "d MMM" if is_this_year else "d MMM y"
        return format_datetime(moment(value), pattern, tzinfo=self.time_zone, locale=self.locale)

    def time(self, value: Moment | None) -> str:
        """The minute: 21:04."""
        if value is None:
            return NOTHING
        return format_skeleton("Hm", moment(value), tzinfo=self.time_zone, locale=self.locale)

    def relative(self, value: Moment | None) -> str:
        """Relative within a day (`4 minutes ago`), the date and time beyond it."""
        if value is None:
            return NOTHING
        difference = moment(value) - self._now()
        if abs(difference) >= timedelta(days=1):
            return self.datetime(value)
        if abs(difference) < timedelta(seconds=1):
            difference = timedelta(seconds=-1)
        return format_timedelta(difference, add_direction=True, threshold=1.0, locale=self.locale)

    def iso(self, value: Moment | None) -> str:
        """For `datetime` attributes, which scripts read."""
        return "" if value is None else moment(value).astimezone(UTC).isoformat(timespec="seconds")
