"""Works and candidates that the tests share."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from regie_kiosk import Candidate, Cour, Episode, Season, Wanted, Work, WorkKind, parse_release_name

AIR = datetime(2024, 3, 15, 20, tzinfo=UTC)


@pytest.fixture
def air_at() -> datetime:
    return AIR


@pytest.fixture
def now() -> datetime:
    return AIR + timedelta(hours=3)


@pytest.fixture
def phare() -> Work:
    return Work(
        "phare",
        WorkKind.SERIES,
        "Le Phare",
        aliases=("The Lighthouse",),
        year=2019,
        countries=("FR",),
        original_language="fr",
        ids={"tvdb": "100"},
    )


@pytest.fixture
def hikari() -> Work:
    return Work(
        "hikari",
        WorkKind.ANIME,
        "Hikari no Tou",
        aliases=("Tower of Light",),
        year=2020,
        original_language="ja",
        cours=(Cour("Hikari no Tou 2nd Season", 2), Cour("Hikari no Tou: Saishuu-shou", 2, 13)),
        absolute_offsets={1: 0, 2: 24},
    )


@pytest.fixture
def wanted(phare: Work) -> Wanted:
    return Wanted(phare, frozenset({Episode(2, 3)}), air_at=AIR, runtime_min=50, seasons={2: Season(8, 8)})


@pytest.fixture
def candidate() -> Callable[..., Candidate]:
    def made(name: str, seeders: int = 60, megabytes: int = 2000, **other: object) -> Candidate:
        return Candidate(parse_release_name(name), seeders, megabytes * 1_000_000, **other)  # type: ignore[arg-type]

    return made
