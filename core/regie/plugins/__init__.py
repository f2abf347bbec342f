"""Plugins: their contract, their life, and the one way in which they register things."""

from regie.plugins.context import PluginContext
from regie.plugins.hookspecs import hookimpl
from regie.plugins.manifest import AutomationParts, Extension, Integration, Manifest, Panel, Route, Slot

__all__ = [
    "AutomationParts",
    "Extension",
    "Integration",
    "Manifest",
    "Panel",
    "PluginContext",
    "Route",
    "Slot",
    "hookimpl",
]
