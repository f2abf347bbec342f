"""The rules that people like, each a function from a library to explained candidates."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from statistics import quantiles

from regie_music_tracker.playlists.assemble import Brief, Candidate, PlaylistRule, weighted_order
from regie_music_tracker.playlists.library import DAY_S, Library, LibraryTrack
from regie_music_tracker.text import text_key

FORGOTTEN_PLAYS = 5
FORGOTTEN_DAYS = 180
RISING_DAYS, RISING_BEFORE_DAYS = 28, 180
ON_THIS_DAY_YEARS = 30
ONE_HIT_PLAYS = 5
TOP_ARTISTS = 20
LOVED_ARTIST_PLAYS = 20
CHAIN_STEPS = 3
CHAIN_BREADTH = 8


def top(library: Library, brief: Brief) -> Iterator[Candidate]:
    """The most played of the last `period_days`."""
    plays = _counted(library, brief.now - brief.period_days * DAY_S, brief.now)
    for track in library.tracks():
        if count := plays[track.id]:
            yield Candidate(track, count, f"played {_times(count)} in the last {brief.period_days} days")


def forgotten(library: Library, brief: Brief) -> Iterator[Candidate]:
    """Played a lot once, not for half a year: the square root of plays times the days of silence decides."""
    tracks = [track for track in library.tracks() if track.plays]
    ninetieth = quantiles((track.plays for track in tracks), n=10)[-1] if len(tracks) > 1 else 0
    for track in tracks:
        days = (brief.now - (track.last_played or 0)) / DAY_S
        if track.plays >= max(FORGOTTEN_PLAYS, ninetieth) and days > FORGOTTEN_DAYS:
            yield Candidate(track, track.plays**0.5 * days, track.story)


def on_this_day(library: Library, brief: Brief) -> Iterator[Candidate]:
    """What was played on this day of earlier years."""
    years: dict[str, set[int]] = defaultdict(set)
    since = brief.now - ON_THIS_DAY_YEARS * 366 * DAY_S
    for play in library.plays(since, brief.now - 300 * DAY_S):
        if (play.local_day.month, play.local_day.day) == (brief.day.month, brief.day.day):
            years[play.track].add(play.local_day.year)
    for track in library.tracks():
        if found := sorted(years.get(track.id, ())):
            yield Candidate(track, len(found), f"played on this day in {', '.join(map(str, found))}")


def this_hour(library: Library, brief: Brief) -> Iterator[Candidate]:
    """What is played at this hour of this day of the week; the hour is the brief's subject ("18")."""
    digits = brief.subject if brief.subject.isascii() and brief.subject.isdigit() else "18"
    hour, weekday = int(digits[:2]) % 24, brief.day.weekday()
    near = {(hour - 1) % 24, hour, (hour + 1) % 24}
    plays = library.plays(brief.now - brief.period_days * DAY_S, brief.now)
    fitting = (play for play in plays if play.local_hour in near and play.local_day.weekday() == weekday)
    counts = Counter(play.track for play in fitting)
    for track in library.tracks():
        if count := counts[track.id]:
            yield Candidate(track, count, f"played {_times(count)} around {hour}:00 on a {brief.day:%A}")


def rising(library: Library, brief: Brief) -> Iterator[Candidate]:
    """Played more in the last four weeks than in the half year before."""
    turn = brief.now - RISING_DAYS * DAY_S
    lately = _counted(library, turn, brief.now)
    before = _counted(library, turn - RISING_BEFORE_DAYS * DAY_S, turn)
    for track in library.tracks():
        rate, rate_before = lately[track.id] / RISING_DAYS, before[track.id] / RISING_BEFORE_DAYS
        if lately[track.id] > 1 and rate > rate_before:
            # One play more before keeps a track that is merely new from an endless rise.
            weight = rate / ((before[track.id] + 1) / RISING_BEFORE_DAYS)
            yield Candidate(
                track, weight, f"played {_times(lately[track.id])} in four weeks, {before[track.id]} before"
            )


def one_hits(library: Library, _brief: Brief) -> Iterator[Candidate]:
    """The one track of an artist that is played, and played a lot."""
    for artist, tracks in _by_artist(library):
        played = [track for track in tracks if track.plays]
        if len(played) == 1 and played[0].plays >= ONE_HIT_PLAYS:
            yield Candidate(played[0], played[0].plays, f"the only track of {artist} you play: {played[0].story}")


def deep_cuts(library: Library, _brief: Brief) -> Iterator[Candidate]:
    """What is hardly played of the artists that are played most."""
    artists = sorted(_by_artist(library), key=lambda pair: (-_plays(pair[1]), pair[0]))[:TOP_ARTISTS]
    for artist, tracks in artists:
        most = max(track.plays for track in tracks)
        for track in tracks:
            if most and track.plays <= most / 10:
                yield Candidate(track, _plays(tracks) ** 0.5, f"{track.story}, by {artist}, whom you play a lot")


def gaps(library: Library, _brief: Brief) -> Iterator[Candidate]:
    """What is owned and was never played, and the albums without a play by artists that are played."""
    for artist, tracks in _by_artist(library):
        total = _plays(tracks)
        loved = total >= LOVED_ARTIST_PLAYS or any(track.is_loved for track in tracks)
        played = {text_key(track.album) for track in tracks if track.plays}
        for track in tracks:
            if text_key(track.album) in played or track.plays:
                continue
            if track.is_owned:
                yield Candidate(track, 2.0 + loved, f"you own {track.album or track.title} and never played it")
            elif loved and track.album:
                yield Candidate(track, 1.0, f"you never played {track.album} by {artist}")


def chain(library: Library, brief: Brief) -> Iterator[Candidate]:
    """From the artist named in the brief to the like of it, step by step, within the library."""
    tracks = dict(_by_artist(library))
    names = {text_key(name): name for name in tracks}
    step, seen = [names[key]] if (key := text_key(brief.subject)) in names else [], {key}
    nearness, near = 1.0, ""
    for _ in range(CHAIN_STEPS + 1):
        for artist in step:
            for track in tracks[artist]:
                yield Candidate(track, nearness * (1 + track.plays) ** 0.5, f"by {artist}{near}")
        step = _next_step(library, step, names, seen)
        nearness, near = nearness / 2, f", close to {brief.subject}"


def _next_step(library: Library, step: Iterable[str], names: dict[str, str], seen: set[str]) -> list[str]:
    found: dict[str, float] = {}
    for artist in step:
        for other, degree in library.similar(artist).items():
            if (key := text_key(other)) in names and key not in seen:
                found[key] = max(degree, found.get(key, 0.0))
    nearest = sorted(found, key=lambda key: (-found[key], key))[:CHAIN_BREADTH]
    seen.update(nearest)
    return [names[key] for key in nearest]


def decade(library: Library, brief: Brief) -> Iterator[Candidate]:
    """Tracks of a decade ("1980s", "80s")."""
    digits = "".join(char for char in brief.subject if char.isascii() and char.isdigit())
    first = int(digits) if len(digits) == 4 else 0
    if len(digits) == 2:
        first = int(digits) + (1900 if int(digits) > brief.day.year % 100 else 2000)
    for track in library.tracks():
        if track.year and track.year // 10 == first // 10:
            yield Candidate(track, (1 + track.plays) ** 0.5, f"from {track.year}, {track.story}")


def genre(library: Library, brief: Brief) -> Iterator[Candidate]:
    """Tracks of a genre."""
    wanted = text_key(brief.subject)
    for track in library.tracks():
        if wanted in {text_key(name) for name in track.genres}:
            yield Candidate(track, (1 + track.plays) ** 0.5, f"{brief.subject}, {track.story}")


def loved(library: Library, brief: Brief) -> Iterator[Candidate]:
    """What is loved, the longest unheard first in line."""
    for track in library.tracks():
        if track.is_loved:
            days = (brief.now - (track.last_played or 0)) / DAY_S
            yield Candidate(track, max(days, 1.0) ** 0.5, f"loved, {track.story}")


def album_runs(library: Library, brief: Brief) -> Iterator[Candidate]:
    """Whole albums from first to last, one of each artist; those with more plays a track come rather early."""
    tracks = sorted((track for track in library.tracks() if track.album), key=_album_key)
    albums = [list(found) for _, found in groupby(tracks, _album_key)]
    weighed = [Candidate(album[0], 1 + _plays(album) / len(album), "") for album in albums]
    places = {one.track.id: place for place, one in enumerate(weighted_order(weighed, brief.chance("album_runs")))}
    albums.sort(key=lambda album: places[album[0].id])
    first = {text_key(album[0].artist): album for album in reversed(albums)}
    place = float(len(tracks))
    for album in (album for album in albums if first[text_key(album[0].artist)] is album):
        for track in sorted(album, key=lambda one: (one.number or 0, one.id)):
            yield Candidate(track, place, f"{track.album}, from first to last")
            place -= 1


def _album_key(track: LibraryTrack) -> tuple[str, str]:
    return text_key(track.artist), text_key(track.album)


def _counted(library: Library, since: int, until: int) -> Counter[str]:
    return Counter(play.track for play in library.plays(since, until))


def _by_artist(library: Library) -> list[tuple[str, list[LibraryTrack]]]:
    found: dict[str, list[LibraryTrack]] = defaultdict(list)
    for track in sorted(library.tracks(), key=lambda one: one.id):
        found[text_key(track.artist)].append(track)
    return [(tracks[0].artist, tracks) for tracks in found.values()]


def _plays(tracks: Iterable[LibraryTrack]) -> int:
    return sum(track.plays for track in tracks)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


RULES = {
    rule.name: rule
    for rule in (
        PlaylistRule("top", "Most played", top, is_ordered=True),
        PlaylistRule("forgotten", "Forgotten favourites", forgotten),
        PlaylistRule("on_this_day", "On this day", on_this_day),
        PlaylistRule("this_hour", "At this hour", this_hour),
        PlaylistRule("rising", "Rising", rising, is_ordered=True),
        PlaylistRule("one_hits", "One-hit wonders", one_hits),
        PlaylistRule("deep_cuts", "Deep cuts", deep_cuts),
        PlaylistRule("gaps", "Waiting on the shelf", gaps),
        PlaylistRule("chain", "From one to another", chain),
        PlaylistRule("decade", "A decade", decade),
        PlaylistRule("genre", "A genre", genre),
        PlaylistRule("loved", "Loved", loved),
        PlaylistRule("album_runs", "Whole albums", album_runs, is_ordered=True, keeps_albums=True),
    )
}
