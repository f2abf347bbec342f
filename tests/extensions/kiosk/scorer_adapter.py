"""Gives a parsed release name in the shape that the scorer of the shared names reads."""

from typing import Any

from regie_kiosk import ReleaseName, Source, parse_release_name

# Names write UK where the code of the country is GB.
_WRITTEN = {"GB": "UK"}
_SOURCES = {Source.TELECINE: "telesync", Source.SCREENER: "dvd", Source.WORKPRINT: "cam"}


def scored(name: str) -> dict[str, Any] | None:
    return shaped(parse_release_name(name))


def shaped(release: ReleaseName) -> dict[str, Any]:
    source = release.source
    return {
        "title": release.title,
        "alternative_titles": list(release.alternative_titles),
        "year": release.year,
        "country": _WRITTEN.get(release.country or "", release.country),
        "season": release.season,
        "episodes": list(release.episodes),
        "absolute": list(release.absolute),
        "air_date": release.air_date.isoformat() if release.air_date else None,
        "full_season": release.pack or release.kind == "extras",
        "special": release.special,
        "resolution": release.resolution,
        "source": _SOURCES.get(source, source.value) if source else None,
        "remux": release.remux,
        "proper": release.proper or release.repack,
        "version": release.version,
        "languages": list(release.languages),
        "group": release.group,
        "hash": release.hash,
        "edition": release.edition,
        "audio_class": release.audio_class.value,
        "french_tags": list(release.french_tags),
        "video_codec": release.video_codec,
        "hdr": bool(release.hdr),
    }
