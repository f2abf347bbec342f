"""Documents that REST and WebSocket both answer, in the shapes that Home Assistant's clients read."""

from typing import TYPE_CHECKING, Any

from regie.states.registry import RegistryEntry

if TYPE_CHECKING:
    from regie.hub import Hub

COMPATIBLE_VERSION = "2025.4.4"
"""Clients choose their dialect by this number, so it is that of the API, not ours."""

UNITS = {
    "length": "km",
    "mass": "g",
    "temperature": "°C",
    "volume": "L",
    "pressure": "Pa",
    "wind_speed": "m/s",
    "area": "m²",
    "accumulated_precipitation": "mm",
}


def components(hub: "Hub") -> list[str]:
    """The slugs of what runs."""
    return sorted(record.slug for record in hub.plugins.all() if record.is_running)


def config(hub: "Hub") -> dict[str, Any]:
    """The configuration of the house; it has no place on the map."""
    return {
        "allowlist_external_dirs": [],
        "allowlist_external_urls": [],
        "components": components(hub),
        "config_dir": "",
        "config_source": "storage",
        "country": None,
        "currency": "EUR",
        "debug": False,
        "elevation": 0,
        "external_url": hub.settings.url or None,
        "internal_url": None,
        "language": "en",
        "latitude": 0.0,
        "location_name": "Regie",
        "longitude": 0.0,
        "radius": 0,
        "recovery_mode": False,
        "regie_version": hub.version,
        "safe_mode": hub.is_safe_start,
        "state": hub.state,
        "time_zone": str(hub.time_zone),
        "unit_system": UNITS,
        "version": COMPATIBLE_VERSION,
        "whitelist_external_dirs": [],
    }


def services(hub: "Hub") -> dict[str, dict[str, Any]]:
    """All services by domain and name."""
    return {
        domain: {name: service.as_dict() for name, service in found.items()}
        for domain, found in hub.services.all().items()
    }


def registry_entry(entry: RegistryEntry) -> dict[str, Any]:
    """An entity as the registry lists it."""
    return {
        "area_id": None,
        "categories": {},
        "config_entry_id": entry.config_entry_id,
        "config_subentry_id": None,
        "created_at": entry.created_at,
        "device_id": None,
        "disabled_by": "user" if entry.is_disabled else None,
        "entity_category": None,
        "entity_id": entry.entity_id,
        "has_entity_name": False,
        "hidden_by": None,
        "icon": None,
        "id": entry.id,
        "labels": [],
        "modified_at": entry.created_at,
        "name": entry.name,
        "options": {},
        "original_name": entry.original_name,
        "platform": entry.platform,
        "translation_key": None,
        "unique_id": entry.key,
    }
