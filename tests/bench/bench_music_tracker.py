"""Music: a million submissions through normalise and match, one at a time, and 100 MB of Spotify history."""

import argparse
import io
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from regie_music_tracker.history import History
from regie_music_tracker.importers import read_import
from regie_music_tracker.importers.rows import Target
from regie_music_tracker.submission import Submission
from regie_music_tracker.sweep import Sweep
from regie_music_tracker.track import Normaliser, Row

TRACKS, ARTISTS = 50_000, 1_700
BEGINNING = 1_400_000_000
MEGABYTE = 1 << 20
SUFFIXES = ("", "", "", " (Remastered 2011)", " (feat. Somebody)", " - Live")


def catalogue(chance: random.Random) -> list[tuple[str, str, float]]:
    """Artists, titles and lengths."""
    words = [f"{chance.choice('bcdfgklmnprst')}{chance.choice('aeiou')}{n:x}" for n in range(4000)]
    names = [" ".join(chance.sample(words, chance.randrange(1, 4))).title() for _ in range(ARTISTS)]
    return [
        (
            chance.choice(names),
            " ".join(chance.sample(words, 3)).title() + chance.choice(SUFFIXES),
            chance.uniform(90, 400),
        )
        for _ in range(TRACKS)
    ]


def submissions(count: int) -> Iterator[Submission]:
    """Plays by popularity (Zipf and Mandelbrot), two in three seen by a second source a little later."""
    chance = random.Random(7)
    known = catalogue(chance)
    weights = [1 / (rank + 30) for rank in range(TRACKS)]
    at, made = BEGINNING, 0
    while made < count:
        for artist, title, length in chance.choices(known, weights, k=10_000):
            yield Submission("ada", "scrobbler", at, artist, title, album="Record", length_s=length)
            made += 1
            if chance.random() < 0.66:
                yield Submission("ada", "server", at + 3, artist, title.partition(" (")[0], length_s=length)
                made += 1
            if made >= count:
                return
            at += round(length) + chance.randrange(60)


def replayed(rows: Iterable[Submission], size: int = 20_000) -> tuple[int, int, float, int]:
    """Rows, listens, CPU seconds of normalising and matching alone, and the most rows held at once."""
    normaliser, sweeping, source = Normaliser(), Sweep(), iter(rows)
    seen = listens = most = 0
    spent = 0.0
    while batch := list(islice(source, size)):
        began = time.process_time()
        for submission in batch:
            if isinstance(row := normaliser.row(submission), Row):
                for listen in sweeping.feed(row):
                    listens += listen.start > 0
        spent += time.process_time() - began
        seen += len(batch)
        most = max(most, len(sweeping._recent))
    return seen, listens + sum(1 for _ in sweeping.close()), spent, most


def singles(count: int) -> list[float]:
    """Milliseconds of CPU of each of the last submissions to a history that is fed one by one."""
    history, spent = History(), []
    for submission in submissions(count):
        began = time.process_time()
        history.submit(submission)
        spent.append((time.process_time() - began) * 1000)
    return spent[count // 2 :]


def peak_megabytes() -> float:
    """The most memory this process has held; the kernel's own count, because rusage passes from parent to child."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def spotify(megabytes: int) -> bytes:
    """A Spotify history of this size, with the fields of a real one."""
    row = {
        "platform": "android",
        "conn_country": "FR",
        "ip_addr": "203.0.113.9",
        "master_metadata_album_artist_name": "Queen",
        "master_metadata_album_album_name": "A Night at the Opera",
        "episode_name": None,
        "reason_start": "trackdone",
        "reason_end": "trackdone",
        "shuffle": False,
        "offline": False,
        "offline_timestamp": 0,
        "incognito_mode": False,
    }
    written = io.StringIO("[")
    written.seek(1)
    number = 0
    while written.tell() < megabytes * MEGABYTE:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(BEGINNING + 240 * number))
        track = {
            "master_metadata_track_name": f"Song {number % 999}",
            "spotify_track_uri": f"spotify:track:{number:022}",
        }
        written.write(json.dumps({"ts": stamp, "ms_played": 200_000} | row | track) + ",\n")
        number += 1
    return written.getvalue().rstrip(",\n").encode() + b"]"


def import_spotify(path: Path) -> None:
    """Read a file and tell rows, CPU seconds and peak memory: run in a process of its own."""
    began, rows = time.process_time(), 0
    with path.open("rb") as file:
        for chunk in read_import(file, Target("ada")):
            rows += len(chunk.submissions)
    print(rows, time.process_time() - began, peak_megabytes())


def main() -> int:
    """Print each figure beside its limit; 1 if one is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--megabytes", type=int, default=100)
    options.add_argument("--import-file", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.import_file:
        import_spotify(Path(given.import_file))
        return 0
    return measure(given.rows, given.megabytes)


def measure(count: int, megabytes: int) -> int:
    """Every figure of the bench."""
    before = peak_megabytes()
    seen, listens, spent, most = replayed(submissions(count))
    grown = peak_megabytes() - before
    print(f"{seen:,} submissions -> {listens:,} listens; at most {most} rows held, process grew by {grown:.0f} MB")
    met = [
        told("normalise + match, rows a CPU second", seen / spent, 60_000, at_least=True),
        told("one submission, CPU ms (median)", statistics.median(single := singles(min(count, 20_000))), 0.2),
        told("one submission, CPU ms (99 in 100)", statistics.quantiles(single, n=100)[98], 0.2),
    ]
    with tempfile.TemporaryDirectory() as folder:
        met += spotify_figures(Path(folder) / "history.json", megabytes)
    return 0 if all(met) else 1


def spotify_figures(path: Path, megabytes: int) -> list[bool]:
    """Memory and speed of a Spotify import."""
    path.write_bytes(spotify(megabytes))
    child = subprocess.run(
        [sys.executable, __file__, "--import-file", str(path)], capture_output=True, text=True, check=True
    )
    rows, seconds, peak = map(float, child.stdout.split())
    return [
        told(f"{megabytes} MB of Spotify history, peak memory MB", peak, 100),
        told(f"{megabytes} MB of Spotify history, rows a CPU second", rows / seconds, 20_000, at_least=True),
    ]


def told(name: str, figure: float, limit: float, *, at_least: bool = False) -> bool:
    """Print one figure beside its limit; whether it is met."""
    met = figure >= limit if at_least else figure <= limit
    word = "at least" if at_least else "at most"
    print(f"{name:<52} {figure:>12,.3f}   {word} {limit:>10,.1f}   {'ok' if met else 'MISSED'}")
    return met


if __name__ == "__main__":
    sys.exit(main())
