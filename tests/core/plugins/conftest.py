from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Install = Callable[..., None]

MINIMAL = """
from regie.api import Extension, Manifest, hookimpl
{above}
class Plug(Extension):
    manifest = Manifest(name="Plug")
{body}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path where plugins are installed as pip leaves them; their modules go with the test."""
    import sys

    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in [name for name in sys.modules if name.startswith("plug_")]:
        del sys.modules[name]


@pytest.fixture
def install(site: Path) -> Install:
    """Installs a plugin with a given body, requirement and slug."""

    def write(
        slug: str,
        body: str = "    pass",
        *,
        above: str = "",
        requires: str = "regie>=0.1",
        distribution: str = "",
        version: str = "1.0",
        group: str = "extensions",
    ) -> None:
        distribution = distribution or f"plug-{slug}"
        package = distribution.replace("-", "_")
        (site / f"{package}.py").write_text(MINIMAL.format(above=above, body=body))
        info = site / f"{package}-{version}.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\nSummary: A plugin under test\n"
        (info / "METADATA").write_text(metadata + (f"Requires-Dist: {requires}\n" if requires else ""))
        (info / "entry_points.txt").write_text(f"[regie.{group}]\n{slug} = {package}:Plug\n")
        (info / "RECORD").write_text("")

    return write
