"""Kiosk: release names beside guessit and PTT, on the same names; then matching, choosing and mutated names."""

import importlib.util
import json
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import PTT
from guessit import guessit
from regie_kiosk import (
    FRENCH,
    Candidate,
    Episode,
    Library,
    Wanted,
    WantedIndex,
    Work,
    WorkKind,
    choose,
    match,
    parse_release_name,
)

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data" / "release_names"
TESTS = ROOT / "tests" / "extensions" / "kiosk"
FIELDS = ("numbering", "title", "resolution", "source", "language", "audio_class", "reject", "ALL_CORE")
MUTATED = 100_000
Parser = Callable[[str], dict[str, Any] | None]

_GUESSIT_SOURCES = {
    "Web": "web-dl", "Blu-ray": "bluray", "Ultra HD Blu-ray": "bluray", "HD-DVD": "bluray", "DVD": "dvd", "HDTV": "tv", "TV": "tv",
    "Digital TV": "tv", "Satellite": "tv", "Camera": "cam", "HD Camera": "cam", "Telesync": "telesync", "HD Telesync": "telesync",
}  # fmt: skip
_PTT_SOURCES = {
    "WEB-DL": "web-dl", "WEB": "web-dl", "WEBRip": "webrip", "WEB-DLRip": "webrip", "BluRay": "bluray", "BDRip": "bluray",
    "BRRip": "bluray", "BluRay REMUX": "bluray", "REMUX": "bluray", "UHDRip": "bluray", "DVD": "dvd", "DVDRip": "dvd", "HDTV": "tv",
    "PDTV": "tv", "SATRip": "tv", "TVRip": "tv", "HDTVRip": "tv", "CAM": "cam", "TeleSync": "telesync",
}  # fmt: skip


def by_guessit(name: str) -> dict[str, Any]:
    """guessit's answer in the scorer's words."""
    found = guessit(name)
    source = _GUESSIT_SOURCES.get(str(found.get("source")))
    other = _listed(found.get("other"))
    return {
        "title": found.get("title"),
        "alternative_titles": _listed(found.get("alternative_title")),
        "year": found.get("year"),
        "country": str(found["country"]) if "country" in found else None,
        "seasons": _listed(found.get("season")),
        "episodes": _listed(found.get("episode")),
        "absolute": _listed(found.get("absolute_episode")),
        "air_date": str(found["date"]) if "date" in found else None,
        "resolution": found.get("screen_size"),
        "source": "webrip" if source == "web-dl" and "Rip" in other else source,
        "languages": [_code(language) for language in _listed(found.get("language"))],
        "group": found.get("release_group"),
        "audio_class": _class(
            [_code(language) for language in _listed(found.get("language"))], _listed(found.get("subtitle_language"))
        ),
    }


def by_ptt(name: str) -> dict[str, Any]:
    """PTT's answer in the scorer's words."""
    found = PTT.parse_title(name)
    return {
        "title": found.get("title"),
        "year": found.get("year"),
        "seasons": found.get("seasons"),
        "episodes": found.get("episodes"),
        "air_date": found.get("date"),
        "resolution": found.get("resolution"),
        "source": _PTT_SOURCES.get(found.get("quality")),
        "languages": found.get("languages"),
        "group": found.get("group"),
        "audio_class": _class(found.get("languages") or [], []),
    }


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def _code(language: Any) -> str:
    return getattr(language, "alpha2", None) or str(language)[:2] if str(language) != "mul" else "mul"


def _class(languages: Sequence[str], subtitles: Iterable[Any]) -> str:
    spoken = set(languages)
    if "mul" in spoken or {"fr", "en"} <= spoken:
        return "MULTI"
    if "fr" in spoken:
        return "VF"
    return "VOSTFR" if any(str(language).startswith("fr") for language in subtitles) else "VO"


def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def accuracy(scorer: ModuleType, parse: Parser) -> dict[str, float]:
    """The share of right answers by field, over all three corpora."""
    total: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for corpus in ("sonarr", "radarr", "french"):
        for field, (right, cases) in scorer.run(parse, scorer.load([corpus]))[0].items():
            total[field][0] += right
            total[field][1] += cases
    return {field: 100 * total[field][0] / total[field][1] for field in FIELDS if total[field][1]}


def speed(parse: Callable[[str], object], names: Sequence[str]) -> tuple[float, list[float]]:
    """Names in a CPU second, and the milliseconds of each."""
    times = []
    for name in names:
        start = time.thread_time()
        parse(name)
        times.append(1000 * (time.thread_time() - start))
    return len(times) / (sum(times) / 1000), sorted(times)


def _mutants(names: Sequence[str], count: int) -> Iterable[str]:
    rng = random.Random(1)
    for _ in range(count):
        letters = list(rng.choice(names))
        for _ in range(rng.randint(1, 6)):
            place = rng.randrange(len(letters) + 1)
            letters[place : place + rng.randint(0, 3)] = rng.choice(names)[: rng.randint(0, 6)] * rng.randint(1, 12)
        yield "".join(letters)


def _print_speed(label: str, parse: Callable[[str], object], names: Sequence[str]) -> None:
    rate, times = speed(parse, names)
    print(
        f"{label:22s} {rate:8.0f} names/CPU s   median {statistics.median(times):7.3f} ms   "
        f"p99 {times[int(0.99 * len(times))]:7.3f} ms   worst {times[-1]:7.2f} ms"
    )


def _decisions() -> None:
    works = [Work(str(number), WorkKind.SERIES, f"Series number {number} of many") for number in range(5000)]
    index = WantedIndex(works)
    releases = [parse_release_name(f"{work.title} S01E02 1080p WEB") for work in works[:1000]]
    start = time.thread_time()
    for release in releases:
        match(release, index)
    print(
        f"match, 5,000 series      {1000 * (time.thread_time() - start) / len(releases):8.4f} ms a release   (limit 0.1)"
    )
    names = [f"Series.number.7.of.many.S01E0{n % 9}.MULTi.1080p.WEB.x264-GROUP{n}" for n in range(500)]
    wanted = Wanted(works[7], frozenset({Episode(1, 2)}))
    start = time.thread_time()
    offers = [Candidate(parse_release_name(name), 30, 2_000_000_000) for name in names]
    choose(offers, wanted, FRENCH, Library(), datetime(2024, 3, 15, tzinfo=UTC), index=index)
    print(f"500 results: parse, choose {1000 * (time.thread_time() - start):6.0f} ms                (limit 300)")


def main() -> int:
    """Print the tables."""
    own = [
        json.loads(line)["name"]
        for line in (TESTS / "release" / "names.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    names = own
    parsers: dict[str, Parser] = {"guessit": by_guessit, "PTT (parsett)": by_ptt}
    if (SHARED / "score.py").exists():
        scorer, adapter = _loaded(SHARED / "score.py"), _loaded(TESTS / "scorer_adapter.py")
        parsers = {"regie_kiosk": adapter.scored, **parsers}
        names = [case["input"] for case in scorer.load(["sonarr", "radarr", "french"]) if case["kind"] == "title"]
        print(f"{'% right':22s}" + "".join(f"{field:>12s}" for field in FIELDS))
        for label, parse in parsers.items():
            print(f"{label:22s}" + "".join(f"{share:12.1f}" for share in accuracy(scorer, parse).values()))
    else:
        print("The shared release names are missing: no accuracy, and the speed on our own names.")
    print(f"\n{len(names)} names, one thread")
    _print_speed("regie_kiosk", parse_release_name, names)
    _print_speed("guessit", guessit, names)
    _print_speed("PTT (parsett)", PTT.parse_title, names)
    print(f"\n{MUTATED:,} mutated names: any exception would end this run")
    _print_speed("regie_kiosk", parse_release_name, list(_mutants(names, MUTATED)))
    print()
    _decisions()
    return 0


if __name__ == "__main__":
    sys.exit(main())
