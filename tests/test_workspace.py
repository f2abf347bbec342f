"""The three places that list the bundled plugins agree."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_member_is_a_source_and_bundled() -> None:
    root = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = [*ROOT.glob("integrations/*/pyproject.toml"), *ROOT.glob("extensions/*/pyproject.toml")]
    members = {tomllib.loads(path.read_text())["project"]["name"] for path in folders}
    assert members == set(root["dependency-groups"]["bundled"])
    assert members == set(root["tool"]["uv"]["sources"])


def test_types_and_import_rules_cover_every_member() -> None:
    root = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = [*ROOT.glob("integrations/*/pyproject.toml"), *ROOT.glob("extensions/*/pyproject.toml")]
    packages = {f"regie_{path.parent.name}" for path in folders} | {"regie", "regie_ui"}
    assert packages == set(root["tool"]["mypy"]["packages"])
    assert packages == set(root["tool"]["importlinter"]["root_packages"])
