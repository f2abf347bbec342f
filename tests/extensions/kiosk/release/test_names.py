"""Own release names, invented, with everything that each of them says."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from regie_kiosk import ReleaseName, parse_release_name

CASES = [json.loads(line) for line in (Path(__file__).parent / "names.jsonl").read_text(encoding="utf-8").splitlines()]
EMPTY = ReleaseName("")


def said(release: ReleaseName) -> dict[str, Any]:
    """What the name says and nothing else, as JSON holds it; one season is told once."""
    found = {
        field.name: getattr(release, field.name)
        for field in fields(release)
        if field.name != "spans" and getattr(release, field.name) != getattr(EMPTY, field.name)
    }
    if len(release.seasons) == 1:
        del found["seasons"]
    plain: dict[str, Any] = json.loads(json.dumps({"name": release.name, **found}, default=str))
    return plain


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_name_says_this_and_no_more(case: dict[str, Any]) -> None:
    assert said(parse_release_name(case["name"])) == case


def test_the_names_are_many_and_differ() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) >= 300
