"""Configuration: entries (configured instances of plugins), the flows that make them, and their secrets."""

from regie.config.entries import ConfigEntries, ConfigEntry, EntryState
from regie.config.flow import ConfigFlow, FlowManager, FlowResult
from regie.config.secrets import Secret, SecretBox

__all__ = [
    "ConfigEntries",
    "ConfigEntry",
    "ConfigFlow",
    "EntryState",
    "FlowManager",
    "FlowResult",
    "Secret",
    "SecretBox",
]
