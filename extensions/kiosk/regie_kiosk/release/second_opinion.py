"""Asks guessit about names that the own rules cannot number. Slow: for a worker thread, never for the hot path."""

from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from typing import Any

from .model import Kind, ReleaseName
from .path import parse_release_name


def with_second_opinion(name: str) -> ReleaseName:
    """The own reading; where it has no number, guessit's number and title, if guessit is installed."""
    own = parse_release_name(name)
    if own.numbered or own.doubts or own.year:
        return own
    other = _guess(name)
    seasons, episodes = _numbers(other.get("season")), _numbers(other.get("episode"))
    if other.get("type") != "episode" or not (seasons or episodes):
        return own
    return replace(
        own,
        title=str(other.get("title") or own.title),
        season=seasons[0] if seasons else None,
        seasons=seasons,
        episodes=episodes,
        kind=Kind.EPISODE if episodes else Kind.SEASON,
    )


@lru_cache(maxsize=4096)
def _guess(name: str) -> dict[str, Any]:
    try:
        guessit = import_module("guessit")
    except ImportError:
        return {}
    try:
        return dict(guessit.guessit(name))
    except Exception:  # noqa: BLE001  # a library of hundreds of rules may fail on a stranger's name
        return {}


def _numbers(value: object) -> tuple[int, ...]:
    return tuple(item for item in (value if isinstance(value, list) else [value]) if isinstance(item, int))
