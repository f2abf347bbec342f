"""Titles and numbers in the habits of many scenes: own names, each written before the parser read it."""

import json
from pathlib import Path
from typing import Any

import pytest

from regie_kiosk import parse_release_name

CASES = [json.loads(line) for line in (Path(__file__).parent / "habits.jsonl").read_text(encoding="utf-8").splitlines()]
ALWAYS = ("title", "year", "seasons", "episodes", "absolute", "air_date")
EMPTY = {"year": None, "air_date": None, "seasons": [], "episodes": [], "absolute": []}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_title_and_the_numbers(case: dict[str, Any]) -> None:
    release = parse_release_name(case["name"])
    expected = {**EMPTY, **case}
    asked = ["name", *ALWAYS, *(key for key in case if key in {"languages", "source"})]
    found = json.loads(json.dumps({key: getattr(release, key) for key in asked}, default=str))
    assert found == expected
