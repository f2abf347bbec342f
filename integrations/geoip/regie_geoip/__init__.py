"""Tells where addresses are: by the country table that comes with Regie, and by a city file of one's own."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import voluptuous as vol

from regie.api import (
    ConfigEntry,
    ConfigError,
    ConfigFlow,
    FlowResult,
    Integration,
    Manifest,
    PluginContext,
    hookimpl,
    selector,
)
from regie.roles import GeoLocator

from .locator import Locator, PlaceFile, UnusableFile

TABLE = Path("static", "vendor", "geo", "country.mmdb")
"""Where the panel's build puts the country table, below its package."""

SCHEMA = vol.Schema({vol.Required("path"): selector.Text()})


class GeoIPFlow(ConfigFlow):
    """Adds a city file by its path."""

    texts: ClassVar[dict[str, str]] = {
        "step.user.title": "A file with cities",
        "step.user.description": "Countries are known already. For cities, name a GeoIP2, GeoLite2 or DB-IP file (.mmdb) on this machine.",
        "field.path": "Path of the file",
        "help.path": "For example /srv/geo/GeoLite2-City.mmdb",
        "error.not_found": "There is no such file, or it cannot be read.",
        "error.not_mmdb": "This file is not a MaxMind database.",
        "error.no_places": "This file knows networks, not places.",
        "abort.already_configured": "This file is already in use.",
    }

    async def step_user(self, data: dict[str, Any] | None) -> FlowResult:
        """The path of the file."""
        if data is None:
            return self.form("user", SCHEMA)
        path = Path(data["path"])
        try:
            PlaceFile(path).close()
        except UnusableFile as error:
            return self.form("user", SCHEMA, errors={"path": error.key}, suggested=data)
        return self.create(title=path.name, data={"path": str(path)}, unique_id=str(path))


class GeoIP(Integration):
    """The GeoIP integration."""

    manifest = Manifest(name="GeoIP", icon="home")

    def __init__(self) -> None:
        self._locator = Locator()

    @hookimpl
    def config_flow(self) -> type[ConfigFlow]:
        """Add a city file."""
        return GeoIPFlow

    @hookimpl
    async def setup(self, ctx: PluginContext) -> None:
        """Offer what the country table knows; without it, at least what is local."""
        table = default_table()
        if table is not None:
            ctx.on_unload(self._locator.use(PlaceFile(table)))
        else:
            ctx.log.warning("The country table was not built: no address has a country until a file is added")
        ctx.provide(GeoLocator, self._locator)

    @hookimpl
    async def setup_entry(self, ctx: PluginContext, entry: ConfigEntry) -> None:
        """Ask a city file first."""
        try:
            file = PlaceFile(Path(entry.data["path"]))
        except UnusableFile as error:
            raise ConfigError(str(error)) from error
        ctx.on_unload(self._locator.use(file))

    @hookimpl
    async def diagnostics(self) -> Mapping[str, Any]:
        """What support asks for."""
        return {"table": str(default_table()), "attribution": self._locator.attribution}


def default_table() -> Path | None:
    """The country table among the panel's built files; found without importing the panel, which plugins must not do."""
    panel = importlib.util.find_spec("regie_ui")
    for folder in (panel.submodule_search_locations or ()) if panel else ():
        if (path := Path(folder) / TABLE).exists():
            return path
    return None
