"""The one importable surface for plugins. What it exports is pinned by a test."""

from regie.bus import Event, EventContext, callback
from regie.config import ConfigEntry, ConfigFlow, FlowResult, Secret, selector
from regie.errors import (
    AuthFailed,
    ConfigError,
    InvalidData,
    NotFound,
    NotReady,
    RegieError,
    ServiceError,
    StorageFull,
    Unauthorized,
)
from regie.jobs import Job
from regie.plugins import AutomationParts, Extension, Integration, Manifest, Panel, PluginContext, Route, Slot, hookimpl
from regie.services import ServiceCall
from regie.states import BinarySensor, Button, DeviceInfo, Entity, MediaPlayer, Sensor, State
from regie.storage import LiveStore, Storage

__all__ = [
    "AuthFailed",
    "AutomationParts",
    "BinarySensor",
    "Button",
    "ConfigEntry",
    "ConfigError",
    "ConfigFlow",
    "DeviceInfo",
    "Entity",
    "Event",
    "EventContext",
    "Extension",
    "FlowResult",
    "Integration",
    "InvalidData",
    "Job",
    "LiveStore",
    "Manifest",
    "MediaPlayer",
    "NotFound",
    "NotReady",
    "Panel",
    "PluginContext",
    "RegieError",
    "Route",
    "Secret",
    "Sensor",
    "ServiceCall",
    "ServiceError",
    "Slot",
    "State",
    "Storage",
    "StorageFull",
    "Unauthorized",
    "callback",
    "hookimpl",
    "selector",
]
