"""Months of past plays of the household, so that history and statistics have something to show."""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from regie.roles import MediaItem, MediaKind, Method, StreamShape, Track

from .catalogue import Catalogue, Kind, Title, guid
from .decisions import decide, encoded
from .household import choose
from .jellyfin.state import Transcode
from .people import PEOPLE, Person, Player

Play = dict[str, Any]
SOURCE = "demo"
BREAK = timedelta(seconds=8)
"""Between two plays of one sitting."""
RANGES = {"HDR10": "HDR10", "DOVIWithHDR10": "DolbyVision"}

KINDS: dict[Kind, MediaKind] = {"Movie": "movie", "Episode": "episode", "Audio": "track"}


def generate(seed: int, days: int, now: datetime) -> Iterator[Play]:
    """The plays of the last `days` days before `now` (with a zone), by person and in order; the same for the same arguments."""
    catalogue = Catalogue(seed)
    for person in PEOPLE:
        rng = random.Random(f"{seed} {person.name}")  # noqa: S311 a demo needs repeatable chance, not secrets
        yield from _Diary(person, catalogue, rng).plays(days, now)


@dataclass
class _Diary:
    """One person's months."""

    person: Person
    catalogue: Catalogue
    rng: random.Random
    unfinished: list[tuple[Title, float]] = field(default_factory=list)
    following: dict[str, Title] = field(default_factory=dict)
    """The next episode of each series that they follow."""

    def plays(self, days: int, now: datetime) -> Iterator[Play]:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        free_at = midnight - timedelta(days=days)
        for day in range(days, -1, -1):
            for started in self._starts(midnight - timedelta(days=day)):
                if started < free_at:
                    continue
                for play in self._sitting(started):
                    free_at = datetime.fromisoformat(play["stopped"]) + BREAK
                    if free_at >= now:
                        return
                    yield play

    def _sitting(self, started: datetime) -> Iterator[Play]:
        """One play, or several in a row: albums and series go on by themselves."""
        player = self.rng.choice(self.person.players)
        title, begin = self._next_title(player)
        while True:
            play = self._play(player, title, begin, started)
            yield play
            following = self.catalogue.after(title)
            goes_on = self.rng.random() < (0.75 if title.kind == "Audio" else 0.25)
            if following is None or not goes_on or play["position_end_s"] < 0.9 * title.runtime_s:
                return
            self.following.pop(title.parent_id, None)
            title, begin, started = following, 0.0, datetime.fromisoformat(play["stopped"]) + BREAK

    def _starts(self, midnight: datetime) -> list[datetime]:
        weekend = midnight.weekday() >= 5
        mean = self.person.plays_a_day * (1.5 if weekend else 0.85)
        count = sum(self.rng.random() < mean / 8 for _ in range(8))
        hours = (
            self.rng.gauss(15, 4) if weekend and self.rng.random() < 0.5 else self.rng.gauss(self.person.evening, 1.6)
            for _ in range(count)
        )
        return sorted(midnight + timedelta(hours=min(max(hour, 0.0), 23.9)) for hour in hours)

    def _play(self, player: Player, title: Title, begin: float, started: datetime) -> Play:
        end = self._end(title, begin)
        watched = end - begin
        paused = round(self.rng.expovariate(1 / 240)) if self.rng.random() < 0.3 and title.kind != "Audio" else 0
        stopped = started + timedelta(seconds=watched + paused)
        transcode = self._transcode(title, player)
        return {
            "id": guid(SOURCE, self.person.name, started.isoformat()),
            "user_id": self.person.id,
            "user_name": self.person.name,
            "client": player.client,
            "device": player.device,
            "device_id": player.device_id,
            "address": player.address,
            "started": started.isoformat(timespec="seconds"),
            "stopped": stopped.isoformat(timespec="seconds"),
            "watch_s": watched,
            "paused_s": paused,
            "position_start_s": begin,
            "position_end_s": end,
            "method": method_of(transcode),
            "bitrate_kbps": transcode.bitrate_kbps if transcode else title.bitrate_kbps,
            "shape": _shape(title, transcode),
            "item": asdict(_item(title)) | {"library": title.shelf.name},
        }

    def _next_title(self, player: Player) -> tuple[Title, float]:
        if self.unfinished and player.client != "Finamp" and self.rng.random() < 0.6:
            return self.unfinished.pop()
        title = choose(self.catalogue, self.person, player, self.rng)
        if title.kind == "Episode":
            title = self.following.pop(title.parent_id, self._first_episode(title))
        return title, 0.0

    def _first_episode(self, title: Title) -> Title:
        return next(episode for episode in self.catalogue.episodes if episode.parent_id == title.parent_id)

    def _end(self, title: Title, begin: float) -> float:
        """Where they stop; what is left is taken up another day, or the next episode follows."""
        if title.kind == "Audio" or self.rng.random() < 0.78:
            if title.kind == "Episode" and (following := self.catalogue.after(title)):
                self.following[title.parent_id] = following
            return max(begin + 1.0, float(round(title.runtime_s * self.rng.uniform(0.95, 1.0))))
        end = float(round(begin + (title.runtime_s - begin) * self.rng.uniform(0.1, 0.7)))
        self.unfinished.append((title, end))
        return end

    def _transcode(self, title: Title, player: Player) -> Transcode | None:
        away = not player.address.startswith("192.168.")
        if away and title.picture and self.rng.random() < 0.2:
            return encoded(title, 720, self.rng, ("ContainerBitrateExceedsLimit",))
        return decide(title, player, self.rng)


def method_of(transcode: Transcode | None) -> Method:
    """What really happens to the stream."""
    if transcode is None:
        return "direct_play"
    if not transcode.video_direct:
        return "transcode"
    return "remux" if transcode.audio_direct else "direct_stream"


def _item(title: Title) -> MediaItem:
    episode, track = title.kind == "Episode", title.kind == "Audio"
    return MediaItem(
        id=title.id,
        kind=KINDS[title.kind],
        title=title.name,
        runtime_s=float(title.runtime_s),
        year=title.year,
        series_id=title.parent_id if episode else None,
        series=title.parent if episode else None,
        season=title.season,
        episode=title.number if episode else None,
        album=title.parent if track else None,
        artist=title.artist if track else None,
        library_id=title.shelf.id,
    )


def _shape(title: Title, transcode: Transcode | None) -> Play:
    picture = title.picture
    video = audio = None
    if picture:
        dynamic_range = RANGES.get(picture.range_type)
        video = Track(picture.codec, picture.width, picture.height, None, None, dynamic_range, picture.frame_rate)
        audio = Track("eac3", channels=6, language="eng")
    else:
        audio = Track("flac", channels=2)
    shape = StreamShape(container="mkv" if picture else "flac", video=video, audio=audio)
    made = asdict(shape)
    if transcode:
        made["target_container"] = transcode.container
        made["reasons"] = list(transcode.reasons)
        if not transcode.video_direct:
            made["target_video"] = asdict(Track(transcode.video_codec, transcode.width, transcode.height))
            made["hardware"] = transcode.hardware
        if not transcode.audio_direct:
            made["target_audio"] = asdict(Track(transcode.audio_codec, channels=transcode.channels))
    made.pop("method")
    made["reasons"] = list(made["reasons"])
    return made
