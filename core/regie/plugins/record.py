"""What the hub knows of one plugin."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from regie.plugins.discovery import Candidate
from regie.plugins.manifest import Kind, Manifest, Panel, Plugin, Route

if TYPE_CHECKING:
    from regie.plugins.context import PluginContext

PluginState = Literal[
    "discovered",
    "running",
    "stopped",
    "disabled",
    "incompatible",
    "import_failed",
    "invalid",
    "migration_failed",
    "needs_setup",
    "needs_sign_in",
    "retrying",
    "crashed",
    "restart_needed",
]


@dataclass(slots=True, eq=False)
class PluginRecord:
    """One installed plugin, loaded or not. `reason` says in a sentence why it does not run."""

    candidate: Candidate
    state: PluginState = "discovered"
    reason: str = ""
    plugin: Plugin | None = None
    ctx: "PluginContext | None" = None
    entry_contexts: dict[str, "PluginContext"] = field(default_factory=dict)
    panels: Sequence[Panel] = ()
    routes: Sequence[Route] = ()
    folder: Path | None = None
    """The package's folder, with templates/, static/ and translations/ if it has them."""
    retry_at: float | None = None

    @property
    def slug(self) -> str:
        """The one name of everything."""
        return self.candidate.slug

    @property
    def kind(self) -> Kind:
        """Integration or extension."""
        return self.candidate.kind

    @property
    def manifest(self) -> Manifest:
        """The plugin's manifest, or one made of its metadata until it is imported."""
        found = getattr(self.plugin, "manifest", None)
        return found if isinstance(found, Manifest) else Manifest(name=self.slug.replace("_", " ").capitalize())

    @property
    def distribution(self) -> str:
        """The name that pip knows."""
        return self.candidate.distribution

    @property
    def version(self) -> str:
        """The installed version."""
        return self.candidate.version

    @property
    def is_running(self) -> bool:
        """Whether its pages and entries live."""
        return self.state == "running"
