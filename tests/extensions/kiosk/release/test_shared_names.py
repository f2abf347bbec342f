"""The bars of the issue, on names of public test suites that stand beside the project and are not part of it."""

import importlib.util
import sys
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

DATA = Path(__file__).parents[4].parent / "shared" / "data" / "release_names"
BARS = {"numbering": 92, "title": 93, "resolution": 97, "source": 93, "language": 92, "audio_class": 98}

pytestmark = pytest.mark.skipif(
    not (DATA / "score.py").exists(), reason=f"the shared release names are not at {DATA.name}/"
)


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def table() -> dict[str, tuple[int, int]]:
    scorer = loaded(DATA / "score.py")
    adapter = loaded(Path(__file__).parents[1] / "scorer_adapter.py")
    total: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for corpus in ("sonarr", "radarr", "french"):
        fields, _, crashed = scorer.run(adapter.scored, scorer.load([corpus]))
        assert not crashed
        for field, (right, all_cases) in fields.items():
            total[field][0] += right
            total[field][1] += all_cases
    return {field: (right, all_cases) for field, (right, all_cases) in total.items()}


@pytest.mark.parametrize(("field", "least"), BARS.items())
def test_a_field_is_right_often_enough(table: dict[str, Any], field: str, least: int) -> None:
    right, all_cases = table[field]
    assert 100 * right / all_cases >= least


def test_what_is_no_episode_never_comes_out_as_one(table: dict[str, Any]) -> None:
    right, all_cases = table["reject"]
    assert right == all_cases
