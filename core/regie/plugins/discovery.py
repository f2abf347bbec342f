"""Finds installed plugins by their entry points, without importing any of them."""

import importlib
import importlib.metadata
import re
import site
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import importlib_metadata
from packaging.requirements import InvalidRequirement, Requirement

from regie.plugins.manifest import Kind, Plugin

HOST = "regie"
GROUPS: dict[str, Kind] = {"regie.integrations": "integration", "regie.extensions": "extension"}
SLUG = re.compile(r"[a-z][a-z0-9_]{1,30}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One entry point of one installed distribution."""

    slug: str
    kind: Kind
    distribution: str
    version: str
    summary: str
    target: str
    is_bundled: bool
    problem: str = ""
    """Why it must not be imported, in one sentence; empty when it may."""
    load: Callable[[], type[Plugin]] | None = None


def host_version() -> str:
    """The version of the running host."""
    return importlib_metadata.version(HOST)


def discover() -> list[Candidate]:
    """All candidates, sorted; two with one slug are both marked as a problem."""
    _forget_caches()
    version, bundled = host_version(), _bundled()
    found: dict[tuple[str, str], Candidate] = {}
    for distribution in cast("Iterable[importlib_metadata.Distribution]", importlib_metadata.distributions()):
        for entry_point in distribution.entry_points:
            if entry_point.group in GROUPS:
                candidate = _candidate(distribution, entry_point, version, bundled)
                found.setdefault((candidate.slug, candidate.distribution), candidate)
    ordered = [found[key] for key in sorted(found)]
    return [_with_clash(candidate, ordered) for candidate in ordered]


def forget_modules(target: str) -> None:
    """Drop the modules of an uninstalled plugin, so that a later install is imported afresh."""
    package = target.partition(":")[0].partition(".")[0]
    if not package:
        return
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]


def _forget_caches() -> None:
    """A running process keeps what it once saw of site-packages: metadata, folders, and editable installs' .pth files."""
    for folder in {path for path in sys.path if Path(path).name == "site-packages"}:
        known = list(sys.path)
        site.addsitedir(folder)
        # addsitedir may only add; what a .pth lists twice must not pile up.
        sys.path[:] = list(dict.fromkeys(known + sys.path))
    importlib.invalidate_caches()
    # Before Python 3.11.9 the line above leaves this cache alone.
    importlib.metadata.MetadataPathFinder().invalidate_caches()
    importlib_metadata.MetadataPathFinder().invalidate_caches()


def _bundled() -> set[str]:
    extras = importlib_metadata.metadata(HOST).get_all("Provides-Extra") or []
    return {HOST} | {f"{HOST}-{extra}" for extra in extras}


def _candidate(
    distribution: importlib_metadata.Distribution,
    entry_point: importlib_metadata.EntryPoint,
    version: str,
    bundled: set[str],
) -> Candidate:
    name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
    problem = _slug_problem(entry_point.name) or _version_problem(distribution, name, version)
    return Candidate(
        slug=entry_point.name,
        kind=GROUPS[entry_point.group],
        distribution=name,
        version=distribution.version,
        summary=distribution.metadata.get("Summary", ""),
        target=entry_point.value,
        is_bundled=name in bundled,
        problem=problem,
        load=entry_point.load,
    )


def _slug_problem(slug: str) -> str:
    return (
        "" if SLUG.fullmatch(slug) else f"{slug!r} is no slug: use a-z, 0-9 and _, at most 31 of them, a letter first"
    )


def _version_problem(distribution: importlib_metadata.Distribution, name: str, version: str) -> str:
    if name == HOST:
        return ""
    for text in distribution.requires or []:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.name.lower() == HOST:
            if requirement.specifier.contains(version, prereleases=True):
                return ""
            return f"It is made for {HOST} {requirement.specifier}, and this is {version}: install a version of {name} that fits"
    return f"It does not say which {HOST} it is made for: its author must add '{HOST}>=…' to its dependencies"


def _with_clash(candidate: Candidate, everything: list[Candidate]) -> Candidate:
    owners = [one.distribution for one in everything if one.slug == candidate.slug]
    if len(owners) == 1 or candidate.problem:
        return candidate
    return replace(
        candidate,
        problem=f"{' and '.join(owners)} both call themselves {candidate.slug}: uninstall one of them, until then neither runs",
    )
