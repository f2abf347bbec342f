"""Traces: what a run of an automation did, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

RunState = Literal["running", "done", "stopped_by_condition", "failed", "skipped", "cancelled"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `path` is its place in the document (`conditions/0`), `at` epoch seconds, `variables` what it saw or sent."""

    path: str
    kind: str
    at: float
    result: str = ""
    error: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Trace:
    """One run; `trigger` says in a sentence what started it."""

    id: str
    automation_id: str
    at: float
    trigger: str
    state: RunState = "running"
    steps: list[Step] = field(default_factory=list)
    error: str = ""
    finished_at: float | None = None
