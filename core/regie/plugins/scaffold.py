"""`regie plugin new`: writes a working plugin from the blank beside this file."""

import keyword
from pathlib import Path
from string import Template

from packaging.version import Version

from regie.errors import ConfigError
from regie.plugins.discovery import SLUG, host_version

BLANK = Path(__file__).parent / "blank"


def write_plugin(slug: str, into: Path) -> Path:
    """Write a new folder and answer it; refuses a slug that cannot be one, and a folder that is there already."""
    if not SLUG.fullmatch(slug) or keyword.iskeyword(slug):
        raise ConfigError(f"{slug!r} is no slug: use a-z, 0-9 and _, a letter first, 2 to 31 characters")
    folder = into / f"regie-{slug.replace('_', '-')}"
    if folder.exists():
        raise ConfigError(f"{folder} is there already: choose another name, or remove it first")
    values = _values(slug)
    for source in sorted(path for path in BLANK.rglob("*.txt")):
        inside = source.relative_to(BLANK).with_suffix("")
        parts = [f"regie_{slug}" if part == "package" else part for part in inside.parts]
        target = folder.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template(source.read_text()).substitute(values))
    return folder


def _values(slug: str) -> dict[str, str]:
    version = Version(host_version())
    return {
        "slug": slug,
        "dashed": slug.replace("_", "-"),
        "name": slug.replace("_", " ").capitalize(),
        "klass": "".join(part.capitalize() for part in slug.split("_")),
        "host": f"{version.major}.{version.minor}",
        "next": f"{version.major}.{version.minor + 1}" if version.major == 0 else f"{version.major + 1}",
    }
